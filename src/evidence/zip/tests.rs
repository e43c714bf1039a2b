use std::fs;
use std::io::Read as _;

use super::*;

/// Path and content.
type Members = &'static [(&'static str, &'static [u8])];

const MEMBERS: Members = &[("a.txt", b"first"), ("folder/b.bin", b""), ("folder/c.bin", b"\0third\xff")];

fn written() -> Vec<u8> {
    let mut bytes = Vec::new();
    let size = write(&mut bytes, MEMBERS.iter().copied()).unwrap();
    assert_eq!(size, bytes.len() as u64);
    bytes
}

fn read(bytes: &[u8]) -> Option<Archive> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.zip");
    fs::write(&path, bytes).unwrap();
    Archive::read(&mut fs::File::open(&path).unwrap()).unwrap()
}

#[test]
fn what_is_written_is_read_back_without_a_flaw() {
    let bytes = written();
    let archive = read(&bytes).unwrap();
    assert_eq!(archive.flaws, []);
    let members: Vec<(&str, &[u8])> = archive
        .members
        .iter()
        .map(|member| {
            let start = usize::try_from(member.offset).unwrap();
            let content = &bytes[start..start + usize::try_from(member.size_bytes).unwrap()];
            assert_eq!(crc32(content), member.crc32);
            (member.path.as_str(), content)
        })
        .collect();
    assert_eq!(members, MEMBERS);
}

#[test]
fn every_flipped_byte_outside_the_contents_is_a_flaw() {
    let bytes = written();
    let contents: Vec<std::ops::Range<u64>> = read(&bytes)
        .unwrap()
        .members
        .iter()
        .map(|member| member.offset..member.offset + member.size_bytes)
        .collect();
    for at in 0..bytes.len() {
        if contents.iter().any(|content| content.contains(&(at as u64))) {
            continue;
        }
        for mask in [0x01, 0x80, 0xff] {
            let mut flipped = bytes.clone();
            flipped[at] ^= mask;
            let archive = read(&flipped);
            assert!(archive.is_none_or(|archive| !archive.flaws.is_empty()), "byte {at} with {mask:#x}");
        }
    }
}

#[test]
fn every_truncation_and_every_extension_is_a_flaw() {
    let bytes = written();
    for end in 0..bytes.len() {
        let archive = read(&bytes[..end]);
        assert!(archive.is_none_or(|archive| !archive.flaws.is_empty()), "cut at {end}");
    }
    for extra in [&b"x"[..], &[0; 30], &bytes.clone()] {
        assert!(!read(&[&bytes, extra].concat()).unwrap().flaws.is_empty());
        assert!(!read(&[extra, &bytes].concat()).unwrap().flaws.is_empty());
    }
}

#[test]
fn a_cut_file_names_the_member_that_is_cut() {
    let bytes = written();
    let archive = read(&bytes[..37]).unwrap();
    assert!(archive.flaws.iter().any(|flaw| flaw.path.as_deref() == Some("a.txt")), "{:?}", archive.flaws);
}

#[test]
fn hostile_paths_and_compressed_members_are_named_and_not_offered() {
    let cases: &[(&str, Members, &str)] = &[
        ("zip slip", &[("../../etc/passwd", b"x")], "leave the folder"),
        ("absolute", &[("/etc/passwd", b"x")], "leave the folder"),
        ("windows", &[("a\\..\\b", b"x")], "leave the folder"),
        ("twice", &[("a.txt", b"1"), ("a.txt", b"2")], "twice"),
        ("case", &[("a.txt", b"1"), ("A.TXT", b"2")], "only in case"),
    ];
    for (name, members, reason) in cases {
        let mut bytes = Vec::new();
        write(&mut bytes, members.iter().copied()).unwrap();
        let archive = read(&bytes).unwrap();
        assert!(archive.flaws.iter().any(|flaw| flaw.detail.contains(reason)), "{name}: {:?}", archive.flaws);
        assert!(archive.members.len() < members.len(), "{name}");
    }
}

#[test]
fn a_bomb_is_named_and_not_unpacked() {
    // A member that claims to unpack to 4 GiB, in both of its descriptions.
    let mut bytes = Vec::new();
    write(&mut bytes, [("bomb.txt", &b"x"[..])]).unwrap();
    let central = bytes.windows(4).position(|window| window == CENTRAL.to_le_bytes()).unwrap();
    for (method, size) in [(8, 22), (central + 10, central + 24)] {
        bytes[method] = 8;
        bytes[size..size + 4].copy_from_slice(&u32::MAX.to_le_bytes());
    }
    let archive = read(&bytes).unwrap();
    assert!(archive.flaws.iter().any(|flaw| flaw.detail.contains("compressed")), "{:?}", archive.flaws);
    assert_eq!(archive.members, []);
}

#[test]
fn unzip_reads_what_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.zip");
    fs::write(&path, written()).unwrap();
    // Python's module is on every machine that builds this; `unzip` is asked by the test of the whole package.
    let script = "import sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); assert z.testzip() is None; \
                  print(z.read('a.txt').decode(), end='')";
    let output = std::process::Command::new("python3").args(["-c", script]).arg(&path).output().unwrap();
    let mut text = String::new();
    (&output.stdout[..]).read_to_string(&mut text).unwrap();
    assert_eq!(text, "first", "{}", String::from_utf8_lossy(&output.stderr));
}
