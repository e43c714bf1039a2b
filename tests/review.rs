//! Deciding in the terminal and on the pages, with the real binary.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod world;

use world::{Running, World};

fn demo() -> (World, Vec<serde_json::Value>) {
    let world = World::new();
    world.ok(&["demo", "--no-serve"]);
    let pending = world.findings().into_iter().filter(|finding| finding["state"] == "pending").collect();
    (world, pending)
}

fn id(finding: &serde_json::Value) -> &str {
    finding["id"].as_str().unwrap()
}

#[test]
fn a_reviewer_accepts_dismisses_and_takes_back() {
    let (world, pending) = demo();
    let (first, second) = (id(&pending[0]), id(&pending[1]));
    assert_eq!(world.run(&["queue", "accept", first]).code, 2, "a decision needs a name");
    world.ok(&["queue", "accept", first, "--actor", "张三", "--note", "落地页已核对"]);
    let again = world.run(&["queue", "dismiss", first, "--reason", "news", "--actor", "李四"]);
    assert_eq!(again.code, 2);
    assert!(again.err.contains("张三"), "the message names who decided: {}", again.err);
    world.ok(&["queue", "dismiss", second, "--reason", "licensed", "--actor", "李四"]);
    world.ok(&["queue", "undo", second, "--actor", "李四", "--note", "看错"]);
    assert_eq!(world.run(&["queue", "undo", second, "--actor", "李四"]).code, 2, "nothing is left to undo");
    assert_eq!(world.run(&["queue", "dismiss", second, "--reason", "other", "--actor", "李四"]).code, 2);
    assert_eq!(world.run(&["queue", "accept", second, "--provision", "XX-1", "--actor", "李四"]).code, 2);
    let shown = world.ok(&["queue", "show", second]).out;
    assert!(shown.contains("dismiss") && shown.contains("undo"), "both decisions stand: {shown}");
    let state = |wanted: &str| {
        world.findings().iter().find(|finding| id(finding) == wanted).unwrap()["state"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    assert_eq!((state(first).as_str(), state(second).as_str()), ("accepted", "pending"));
}

#[test]
fn contact_points_are_masked_until_they_are_asked_for() {
    let (world, pending) = demo();
    let with_contacts = pending.iter().find_map(|finding| {
        let shown = world.ok(&["queue", "show", id(finding)]).out;
        let (_, section) = shown.split_once("联系方式")?;
        section.contains("****").then(|| (id(finding).to_owned(), section.to_owned()))
    });
    let (finding, masked) = with_contacts.expect("an ad of the demo names a telephone or a name");
    let shown = world.ok(&["queue", "show", &finding, "--reveal", "核实举报电话", "--actor", "王芳"]).out;
    let (_, revealed) = shown.split_once("联系方式").unwrap();
    assert_eq!(masked.lines().count(), revealed.lines().count());
    assert!(!revealed.contains("****"), "{revealed}");
    assert!(masked.contains("见于"), "{masked}");
    let audit = world.ok(&["audit", "list"]).out;
    assert!(audit.contains("contact.reveal") && audit.contains("王芳"), "{audit}");
}

#[test]
fn an_accepted_finding_becomes_a_lead_with_a_clock() {
    let (world, pending) = demo();
    let finding = id(&pending[0]);
    let lead = finding.replacen("f-", "l-", 1);
    let actor = ["--actor", "张三"];
    let step = |args: &[&str]| {
        let mut all = vec!["lead"];
        all.extend(args);
        all.extend(actor);
        world.run(&all)
    };
    let listed = || {
        let out = world.ok(&["lead", "list", "--state", "all", "--format", "jsonl"]).out;
        let leads: Vec<serde_json::Value> =
            out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        leads.into_iter().find(|one| one["id"] == lead.as_str()).expect("the lead is listed")
    };
    world.ok(&["queue", "accept", finding, "--actor", "张三"]);
    assert_eq!((&listed()["state"], &listed()["days_left"]), (&"verifying".into(), &15.into()));
    world.ok(&["queue", "undo", finding, "--actor", "张三"]);
    assert_eq!(listed()["state"], "withdrawn");
    world.ok(&["queue", "accept", finding, "--actor", "张三"]);
    assert_eq!(listed()["state"], "verifying");
    let extended = step(&["extend", &lead, "--approver", "陈局", "--note", "异地协查"]);
    assert_eq!(extended.code, 0, "{}", extended.err);
    assert_eq!(listed()["days_left"], 30);
    let twice = step(&["extend", &lead, "--approver", "陈局", "--note", "再延"]);
    assert_eq!(twice.code, 2, "one extension");
    let undone = world.run(&["queue", "undo", finding, "--actor", "张三"]);
    assert_eq!(undone.code, 2);
    assert!(undone.err.contains(&lead), "the refusal names the lead: {}", undone.err);
    assert_eq!(step(&["file", &lead, "--officer", "张三", "--approver", "陈局"]).code, 2, "two officers");
    let to = ["--to", "lead-department", "--office", "江州市地方金融管理局"];
    assert_eq!(step(&[&["refer", lead.as_str()][..], &to].concat()).code, 0);
    let officers = ["--officer", "张三", "--officer", "李四", "--approver", "陈局"];
    assert_eq!(step(&[&["file", lead.as_str()][..], &officers].concat()).code, 0);
    let case = lead.replacen("l-", "c-", 1);
    let on_case = |args: &[&str]| {
        let mut all = vec!["case", args[0], &case];
        all.extend(&args[1..]);
        all.extend(actor);
        world.run(&all)
    };
    let early = on_case(&["decide", "--outcome", "罚款"]);
    assert!(early.code == 2 && early.err.contains("第四十九条"), "{}", early.err);
    assert_eq!(on_case(&["submit", "--note", "拟罚款十万元"]).code, 0);
    assert!(on_case(&["review", "--reviewer", "李四"]).err.contains("办案人员不得作为审核人员"));
    assert_eq!(on_case(&["review", "--reviewer", "赵敏", "--note", "同意"]).code, 0);
    assert_eq!(on_case(&["inform", "--note", "告知书直接送达"]).code, 0);
    let waits = on_case(&["decide", "--outcome", "罚款"]);
    assert!(waits.code == 2 && waits.err.contains("第五十七条"), "{}", waits.err);
    assert_eq!(on_case(&["hear", "--note", "书面放弃陈述申辩"]).code, 0);
    assert_eq!(on_case(&["decide", "--outcome", "责令停止发布，罚款十万元"]).code, 0);
    assert!(world.ok(&["case", "list"]).out.contains("已决定，待送达"));
    assert_eq!(on_case(&["serve", "--note", "直接送达"]).code, 0);
    assert_eq!(on_case(&["execute", "--note", "已缴清"]).code, 0);
    assert_eq!(on_case(&["close"]).code, 0);
    let closed: serde_json::Value = serde_json::from_str(
        world.ok(&["case", "list", "--state", "closed", "--format", "jsonl"]).out.trim(),
    )
    .unwrap();
    assert_eq!((&closed["id"], &closed["lead"]), (&case.as_str().into(), &lead.as_str().into()));
    assert_eq!((&listed()["state"], &listed()["due_on"]), (&"closed".into(), &serde_json::Value::Null));
    let shown = world.ok(&["lead", "show", &lead]).out;
    for words in ["重新登记", "延长期限", "江州市地方金融管理局", "张三、李四（陈局）", "罚款十万元"]
    {
        assert!(shown.contains(words), "{words} is missing in\n{shown}");
    }
    assert!(world.ok(&["doctor"]).out.contains("chain unbroken"));
}

#[test]
fn the_queue_can_be_narrowed() {
    let (world, pending) = demo();
    let list = |args: &[&str]| {
        let mut all = vec!["queue", "list", "--format", "jsonl", "--limit", "1000"];
        all.extend(args);
        world.ok(&all).out.lines().count()
    };
    assert_eq!(list(&[]), pending.len());
    assert!(list(&["--severity", "4"]) < pending.len());
    assert!(list(&["--search", "保本"]) < pending.len());
    assert_eq!(list(&["--search", "没有这样的字样"]), 0);
    assert_eq!(world.run(&["queue", "list", "--state", "open"]).code, 2);
    assert_eq!(world.run(&["queue", "show", "f-000000000000"]).code, 2);
}

#[test]
fn the_pages_ask_for_the_password_and_end_on_sigterm() {
    let (world, _) = demo();
    let mut serve = Running::start(world.command(&["serve", "--listen", "127.0.0.1:0"]), false);
    let line = serve.line_with("http://").expect("the address is printed");
    let address = line.split("http://").nth(1).unwrap().trim_end_matches(['/', '\n']).to_owned();
    assert!(serve.line_with("口令").is_some());
    let (status, head) = get(&address, "/");
    assert!(status == 303 || status == 302, "the queue is closed to strangers: {head}");
    assert!(head.to_lowercase().contains("location: /login"), "{head}");
    let (status, head) = get(&address, "/login");
    assert_eq!(status, 200);
    assert!(head.to_lowercase().contains("content-security-policy"), "{head}");
    assert!(serve.terminate().success());
}

#[test]
fn other_addresses_than_loopback_need_a_statement() {
    let world = World::new();
    let ran = world.run(&["serve", "--listen", "0.0.0.0:0"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("behind_tls_proxy"), "{}", ran.err);
}

fn get(address: &str, path: &str) -> (u16, String) {
    use std::io::{Read, Write};
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    (status, answer)
}
