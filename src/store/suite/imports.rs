use super::make::{NOW, ad_id, looked_at, page, seen};
use crate::domain::blob::BlobRef;
use crate::domain::capture::CaptureId;
use crate::domain::source::SourceId;
use crate::store::Db;
use crate::store::import::{ImportedFile, Reporter};
use crate::store::page::PageRecorded;

pub(super) async fn a_file_is_imported_once_for_a_source(db: Db) {
    looked_at(&db, "complaints").await;
    let source_id = SourceId::parse("complaints").unwrap();
    let import = ImportedFile {
        source_id: source_id.clone(),
        file: BlobRef::of(b"rows"),
        name: "十一月.csv".to_owned(),
        format: "csv".to_owned(),
        is_kept: true,
        imported_at: NOW,
    };
    db.record_import(&import).await.unwrap();
    let again = ImportedFile { name: "again.csv".to_owned(), imported_at: NOW.plus_ms(5), ..import.clone() };
    db.record_import(&again).await.unwrap();
    let archive = ImportedFile {
        file: BlobRef::of(b"warc"),
        is_kept: false,
        imported_at: NOW.plus_ms(9),
        ..import.clone()
    };
    db.record_import(&archive).await.unwrap();
    assert_eq!(db.imported_files(&source_id).await.unwrap(), [import, archive]);
}

pub(super) async fn who_reported_is_read_only_by_who_asks_for_it(db: Db) {
    looked_at(&db, "complaints").await;
    let record = page("complaints", "row-1", vec![seen("complaints", "row-1", "保本保息")]);
    db.record_page(&record).await.unwrap();
    let identity =
        vec![("举报人".to_owned(), "钱一二".to_owned()), ("电话".to_owned(), "13000000001".to_owned())];
    let reporter = Reporter { capture_id: CaptureId::parse("row-1").unwrap(), identity };
    for _ in 0..2 {
        db.record_reporters(std::slice::from_ref(&reporter)).await.unwrap();
    }
    let found = db.reporters_of(&[ad_id("保本保息"), ad_id("另一条")]).await.unwrap();
    assert!(found == [reporter], "{} reporters", found.len());
    assert!(db.reporters_of(&[ad_id("另一条")]).await.unwrap().is_empty());
    let capture = db.capture(&record.capture.id).await.unwrap();
    assert!(!format!("{capture:?}").contains("钱一二"));
}

pub(super) async fn many_pages_are_recorded_in_one_step(db: Db) {
    looked_at(&db, "complaints").await;
    let pages: Vec<_> = (0..30)
        .map(|nth| {
            let name = format!("row-{nth}");
            page("complaints", &name, vec![seen("complaints", &name, &format!("保本保息{}", nth % 3))])
        })
        .collect();
    let recorded = db.record_pages(&pages).await.unwrap();
    assert_eq!(recorded, PageRecorded { n_new_ads: 3, n_new_findings: 3, n_sightings: 30 });
    assert_eq!(db.record_pages(&pages).await.unwrap(), PageRecorded::default());
    assert_eq!(db.record_pages(&[]).await.unwrap(), PageRecorded::default());
}
