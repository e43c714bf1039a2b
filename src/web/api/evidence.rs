//! Evidence packages: list, seal, look at, take along.

use axum::http::StatusCode;

use super::ROOT;
use super::call::{Answered, Call, Content, Reply};
use super::shapes::{CustodyJson, Package, PackageFull, PackageList};
use crate::app::{ChainCheck, SealedPackage};
use crate::domain::evidence::PackageId;
use crate::domain::finding::FindingId;

/// `GET /findings/{id}/packages`.
pub async fn list(call: Call) -> Answered {
    let id: FindingId = call.id("id")?;
    call.app().finding_for(call.actor()?, &id).await?;
    let packages = call.app().evidence_packages(&id).await?;
    Reply::ok(&PackageList { packages: packages.iter().map(package).collect() })
}

/// `POST /findings/{id}/packages`.
pub async fn seal(call: Call) -> Answered {
    let id: FindingId = call.id("id")?;
    call.app().finding_for(call.actor()?, &id).await?;
    let sealed = call.app().seal(call.actor()?, &id, None).await?;
    let made = package(&sealed.package);
    let location = format!("{ROOT}/packages/{}", made.id);
    Reply::created(&made, location)
}

/// `GET /packages/{id}`.
pub async fn show(call: Call) -> Answered {
    let found = call.app().evidence_package(call.actor()?, &call.id("id")?).await?;
    let custody = found.custody.into_iter().map(|event| CustodyJson {
        at: event.at.into(),
        actor: event.actor,
        action: event.action,
        note: event.note,
    });
    Reply::ok(&PackageFull {
        package: package(&found.package),
        custody: custody.collect(),
        chain_is_whole: matches!(found.chain, ChainCheck::Whole { .. }),
    })
}

/// `GET /packages/{id}/content`.
pub async fn content(call: Call) -> Answered {
    let id: PackageId = call.id("id")?;
    let (name, bytes) = call.app().take_package(call.actor()?, &id).await?;
    let body = Content::File { bytes, name, kind: "application/zip" };
    Ok(Reply { status: StatusCode::OK, body, version: None, location: None })
}

fn package(package: &SealedPackage) -> Package {
    Package {
        id: package.id.to_string(),
        finding: package.finding_id.to_string(),
        seal_sha256: package.seal.sha256.clone(),
        seal_sm3: package.seal.sm3.clone(),
        sealed_at: package.sealed_at.into(),
        sealed_by: package.sealed_by.clone(),
    }
}
