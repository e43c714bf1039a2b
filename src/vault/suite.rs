//! What every vault promises, whatever it is made of.

use bytes::Bytes;

use super::{Vault, VaultError};

/// Checks all promises on an empty `vault`.
pub(super) async fn suite(vault: Vault) {
    an_empty_vault_says_so(&vault).await;
    what_is_put_comes_back(&vault).await;
    what_is_put_from_a_file_comes_back(&vault).await;
    names_that_are_no_digests_never_become_paths(&vault).await;
    lists_are_ordered_and_paged(&vault).await;
}

async fn an_empty_vault_says_so(vault: &Vault) {
    let absent = "0".repeat(64);
    assert!(!vault.has(&absent).await.unwrap());
    assert!(matches!(vault.get(&absent).await, Err(VaultError::NotFound { sha256 }) if sha256 == absent));
    assert!(vault.list(None, 10).await.unwrap().is_empty());
}

async fn what_is_put_comes_back(vault: &Vault) {
    for bytes in [&b""[..], b"abc", &[0xff, 0, 0xfe], &[7; 300_000]] {
        let blob = vault.put(Bytes::copy_from_slice(bytes)).await.unwrap();
        assert_eq!(blob.size_bytes, bytes.len() as u64);
        assert_eq!(
            vault.put(Bytes::copy_from_slice(bytes)).await.unwrap(),
            blob,
            "putting twice is putting once"
        );
        assert!(vault.has(&blob.digests.sha256).await.unwrap());
        assert_eq!(vault.get(&blob.digests.sha256).await.unwrap(), bytes);
    }
    let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!(vault.get(abc).await.unwrap(), b"abc", "the name is the SHA-256 of the bytes");
}

async fn what_is_put_from_a_file_comes_back(vault: &Vault) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    for size in [0, 1, 300_000] {
        let bytes = vec![8; size];
        std::fs::write(&path, &bytes).unwrap();
        for _ in 0..2 {
            let blob = vault.put_file(&path).await.unwrap();
            assert_eq!(blob, crate::domain::blob::BlobRef::of(&bytes));
            assert_eq!(vault.get(&blob.digests.sha256).await.unwrap(), bytes);
        }
    }
    assert!(matches!(vault.put_file(&folder.path().join("none")).await, Err(VaultError::Io { .. })));
}

async fn names_that_are_no_digests_never_become_paths(vault: &Vault) {
    for text in
        ["", "..", "../../etc/passwd", "/etc/passwd", &"A".repeat(64), &"é".repeat(32), &"a".repeat(63)]
    {
        assert!(matches!(vault.get(text).await, Err(VaultError::NotADigest { .. })), "{text}");
        assert!(matches!(vault.has(text).await, Err(VaultError::NotADigest { .. })), "{text}");
        assert!(matches!(vault.list(Some(text), 1).await, Err(VaultError::NotADigest { .. })), "{text}");
    }
}

async fn lists_are_ordered_and_paged(vault: &Vault) {
    for nth in 0..40_u8 {
        vault.put(Bytes::from(vec![b'n', nth])).await.unwrap();
    }
    let all = vault.list(None, 1000).await.unwrap();
    assert_eq!(all.len(), 46, "40 here and 6 before");
    assert!(all.is_sorted());
    let (mut paged, mut after) = (Vec::new(), None::<String>);
    loop {
        let page = vault.list(after.as_deref(), 7).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.clone());
        paged.extend(page);
    }
    assert_eq!(paged, all);
}
