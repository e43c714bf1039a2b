//! Accounts and the audit with the real binary.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod world;

use world::{Running, World};

fn word_after<'a>(text: &'a str, label: &str) -> &'a str {
    let line = text.lines().find(|line| line.contains(label)).unwrap_or_else(|| panic!("{label} in {text}"));
    line.split_whitespace().last().unwrap()
}

#[test]
fn the_first_start_makes_an_administrator_and_later_ones_do_not() {
    let world = World::new();
    let mut first =
        Running::start(world.command(&["serve", "--no-worker", "--listen", "127.0.0.1:0"]), false);
    assert!(first.line_with("用户名").unwrap().contains("admin"));
    let line = first.line_with("一次性口令").unwrap();
    assert_eq!(line.split_whitespace().last().unwrap().len(), 23);
    assert!(first.terminate().success());
    let mut again =
        Running::start(world.command(&["serve", "--no-worker", "--listen", "127.0.0.1:0"]), false);
    let address = again.line_with("http://").unwrap();
    assert!(!address.contains("口令"));
    assert!(again.line_with("按 Ctrl-C").is_some());
    assert!(again.terminate().success());
    assert!(world.ok(&["user", "list"]).out.contains("待首次登录"));
}

#[test]
fn accounts_are_made_changed_and_closed_in_the_terminal_and_each_step_is_on_record() {
    let world = World::new();
    let added = world.ok(&["user", "add", "王工", "--actor", "处长"]).out;
    let password = word_after(&added, "一次性口令").to_owned();
    assert_eq!(world.run(&["user", "add", " 王工 "]).code, 2, "the name is taken");
    assert_eq!(world.run(&["user", "add", "a\u{202e}b"]).code, 2);
    assert_eq!(world.run(&["user", "add", "李青", "--role", "emperor"]).code, 2);
    assert_eq!(world.run(&["user", "role", "nobody", "viewer"]).code, 2);
    world.ok(&["user", "add", "李青", "--role", "administrator"]);
    let last = world.run(&["user", "disable", "李青"]);
    assert!(last.code == 2 && last.err.contains("管理员"), "{}", last.err);
    world.ok(&["user", "role", "王工", "auditor"]);
    let reset = world.ok(&["user", "reset", "王工"]).out;
    assert_ne!(word_after(&reset, "一次性口令"), password);
    world.ok(&["user", "disable", "王工"]);
    let list = world.ok(&["user", "list"]).out;
    assert!(list.contains("auditor") && list.contains("已停用"), "{list}");
    world.ok(&["user", "disable", "王工", "--undo"]);

    let audit = world.ok(&["audit", "list", "--action", "user."]).out;
    for words in ["user.add", "user.role", "user.reset", "user.disable", "user.enable", "处长", "old_role"]
    {
        assert!(audit.contains(words), "{words} in {audit}");
    }
    assert!(!audit.contains(&password), "no password is ever on record");
    assert!(world.ok(&["audit", "verify"]).out.contains("完整"));
    let file = world.path().join("audit.csv");
    world.ok(&["audit", "export", "--format", "csv", "--out", file.to_str().unwrap()]);
    assert!(std::fs::read(&file).unwrap().starts_with("\u{feff}ordinal".as_bytes()));
    assert!(world.ok(&["audit", "list", "--action", "audit.export"]).out.contains("n_entries"));
    let data = std::fs::read(world.data().join("adwatch.db")).unwrap();
    let wal = std::fs::read(world.data().join("adwatch.db-wal")).unwrap_or_default();
    let kept = [data, wal].concat();
    assert!(!kept.windows(password.len()).any(|bytes| bytes == password.as_bytes()), "only its hash is kept");
}
