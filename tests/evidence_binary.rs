//! Evidence on the real binary: started over torn files, and given a package of another office.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod world;

use std::path::{Path, PathBuf};

use world::World;

const PAGE: &str = "<html><head><meta charset=\"utf-8\"><title>江州颐养公寓</title></head><body><div class=\"ad\">广告 \
    江州颐养公寓 保本保息，年化收益15%，一万元起投，加微信 jz88661 报名。</div></body></html>";

/// A world in which one ad was flagged, and the name of its finding.
fn with_a_finding() -> (World, String) {
    let world = World::new();
    let page = world.write("ad.html", PAGE);
    world.ok(&["import", page.to_str().unwrap()]);
    let finding = world.findings()[0]["id"].as_str().unwrap().to_owned();
    (world, finding)
}

fn packages(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.extension().is_some_and(|extension| extension == "wacz")).collect()
}

#[test]
fn torn_files_are_put_aside_at_the_next_start_and_said() {
    let (world, finding) = with_a_finding();
    world.ok(&["evidence", "seal", &finding, "--actor", "张三"]);
    let folder = world.data().join("evidence");
    let sealed = packages(&folder).remove(0);
    std::fs::write(folder.join(".ev-torn.wacz.unsealed"), "half").unwrap();
    let unknown = folder.join("ev-f-0000000000000000-20261201T000000000Z.wacz");
    std::fs::copy(&sealed, &unknown).unwrap();
    std::fs::write(world.data().join("vault/tmp/torn"), "half").unwrap();
    let started = world.ok(&["evidence", "list"]);
    for name in ["ev-torn.wacz.unsealed", "ev-f-0000000000000000-20261201T000000000Z.wacz", "torn"] {
        assert!(started.err.contains(name), "{name}: {}", started.err);
    }
    assert!(!unknown.exists() && folder.join("quarantine/ev-torn.wacz.unsealed").is_file());
    assert!(sealed.is_file());
    assert_eq!(world.ok(&["evidence", "list"]).err, "", "said once");
}

#[test]
fn a_package_of_another_office_is_taken_in_only_as_it_was_sealed() {
    let (theirs, finding) = with_a_finding();
    theirs.ok(&["evidence", "seal", &finding, "--actor", "张三"]);
    let sealed = packages(&theirs.data().join("evidence")).remove(0);
    let ours = World::new();
    let import = |path: &Path| {
        let from = ["--from", "海州市市场监督管理局", "--actor", "李四"];
        ours.run(&[&["evidence", "import"], &from[..], &[path.to_str().unwrap()]].concat())
    };
    let mut bytes = std::fs::read(&sealed).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    let changed = import(&ours.write("changed.wacz", bytes));
    assert_ne!(changed.code, 0);
    assert!(changed.err.contains("not as it was sealed"), "{}", changed.err);
    let folder = ours.data().join("evidence/imported");
    assert!(packages(&folder).is_empty());
    let taken = import(&sealed);
    assert_eq!(taken.code, 0, "{}", taken.err);
    let copy = packages(&folder).remove(0);
    assert_eq!(std::fs::read(copy).unwrap(), std::fs::read(&sealed).unwrap());
    assert_ne!(import(&sealed).code, 0, "once");
}
