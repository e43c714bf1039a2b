//! The OpenAPI 3.1 document, made from the table and the shapes.

use std::collections::BTreeMap;

use axum::http::Method;
use serde_json::{Map, Value, json};
use utoipa::PartialSchema as _;

use super::call::{Answered, Reply};
use super::idempotency::MAX_KEY_CHARS;
use super::problem::{ProblemBody, Wrong};
use super::table::{Endpoint, Gives, NAME, Shape, table};
use super::{MAX_BODY_BYTES, ROOT};

/// `GET /openapi.json`.
pub async fn show() -> Answered {
    Reply::ok(&document())
}

/// The whole document.
pub fn document() -> Value {
    let mut paths = BTreeMap::<&str, Map<String, Value>>::new();
    let mut schemas = Map::new();
    let mut found =
        vec![("Problem".to_owned(), ProblemBody::schema()), ("Wrong".to_owned(), Wrong::schema())];
    for endpoint in table() {
        for shape in endpoint.body.iter().chain(endpoint.gives.shape()) {
            found.push(((shape.name)(), (shape.schema)()));
            (shape.parts)(&mut found);
        }
        let item = paths.entry(endpoint.path).or_default();
        item.insert(endpoint.method.as_str().to_ascii_lowercase(), operation(&endpoint));
    }
    for (name, schema) in found {
        schemas.insert(name, json!(schema));
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "adwatch",
            "version": "1",
            "summary": "涉嫌非法集资广告监测：待审项、线索、证据、规则与审计",
            "description": "Everything here is 涉嫌 (suspected) until the competent authority has decided. Times are \
                RFC 3339 in UTC. Lists are read page by page: give `next` of one page as `cursor` of the next. \
                A POST may name itself with `Idempotency-Key`; its answer is then kept for 24 hours and given again.",
            "license": {"name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0"},
        },
        "servers": [{"url": ROOT}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "description": "Made by `adwatch token add` or on the account page"},
            },
        },
    })
}

fn operation(endpoint: &Endpoint) -> Value {
    let is_post = endpoint.method == Method::POST;
    let mut parameters: Vec<Value> = endpoint
        .path
        .split('/')
        .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
        .map(|name| {
            let schema = json!({"type": "string", "pattern": NAME, "maxLength": crate::kit::id::MAX_LEN});
            json!({"name": name, "in": "path", "required": true, "schema": schema})
        })
        .collect();
    parameters.extend(endpoint.query.iter().map(|param| {
        json!({"name": param.name, "in": "query", "description": param.about, "schema": param.kind.schema()})
    }));
    if endpoint.versioned {
        let about = "`ETag` of the thing as it was read; `*` takes any version";
        let schema = json!({"type": "string", "maxLength": 100, "pattern": "^[!-~]+$"});
        parameters.push(
            json!({"name": "If-Match", "in": "header", "required": true, "description": about, "schema": schema}),
        );
    }
    if is_post && endpoint.needs.is_some() {
        let about = "Names this request, so that sending it again does it once";
        let schema =
            json!({"type": "string", "minLength": 1, "maxLength": MAX_KEY_CHARS, "pattern": "^[!-~]+$"});
        parameters
            .push(json!({"name": "Idempotency-Key", "in": "header", "description": about, "schema": schema}));
    }
    let mut operation = json!({
        "operationId": operation_id(endpoint),
        "tags": [endpoint.tag],
        "summary": endpoint.summary,
        "parameters": parameters,
        "responses": responses(endpoint),
    });
    if let Some(facts) = operation.as_object_mut() {
        match endpoint.needs {
            Some(permission) => {
                let label = permission.label();
                let about =
                    format!("Needs the permission `{}` ({}, {}).", permission.as_str(), label.zh, label.en);
                facts.insert("description".to_owned(), about.into());
            }
            None => {
                facts.insert("security".to_owned(), json!([]));
            }
        }
        if let Some(shape) = &endpoint.body {
            let content = json!({"application/json": {"schema": reference(shape)}});
            facts.insert("requestBody".to_owned(), json!({"required": true, "content": content}));
        }
    }
    operation
}

/// `GET /findings/{id}` → `get_findings_id`.
fn operation_id(endpoint: &Endpoint) -> String {
    let words: String =
        endpoint.path.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    let words: Vec<&str> = words.split('_').filter(|word| !word.is_empty()).collect();
    format!("{}_{}", endpoint.method.as_str().to_ascii_lowercase(), words.join("_"))
}

fn responses(endpoint: &Endpoint) -> Value {
    let etag = json!({"description": "Entity tag; for a thing that changes it begins with its version", "schema": {"type": "string"}});
    let json_of = |shape: &Shape| json!({"application/json": {"schema": reference(shape)}});
    let (status, good) = match &endpoint.gives {
        Gives::Ok(shape) => {
            ("200", json!({"description": "As asked", "headers": {"ETag": etag}, "content": json_of(shape)}))
        }
        Gives::Created(shape) => {
            let location = json!({"description": "Where it is", "schema": {"type": "string"}});
            let headers = json!({"ETag": etag, "Location": location});
            ("201", json!({"description": "Recorded", "headers": headers, "content": json_of(shape)}))
        }
        Gives::File(kind) => {
            let content = json!({*kind: {"schema": {"type": "string", "contentMediaType": kind}}});
            ("200", json!({"description": "The bytes", "headers": {"ETag": etag}, "content": content}))
        }
        Gives::Json => {
            let content = json!({"application/json": {"schema": {"type": "object"}}});
            ("200", json!({"description": "As asked", "content": content}))
        }
    };
    let mut all = Map::new();
    all.insert(status.to_owned(), good);
    let mut refusals =
        vec![("400", "A parameter or the body is malformed"), ("421", "The host name is not ours")];
    if endpoint.method == Method::GET {
        all.insert("304".to_owned(), json!({"description": "It is as `If-None-Match` says"}));
    }
    if endpoint.needs.is_some() {
        refusals.extend([
            ("401", "No valid token"),
            ("403", "The token or its owner may not"),
            ("429", "Too many requests; `Retry-After` says when"),
        ]);
    }
    if endpoint.path.contains('{') {
        refusals.push(("404", "There is no such thing"));
    }
    if endpoint.method == Method::POST {
        refusals.extend([
            ("409", "Somebody was faster, or its state does not allow it; `current` is the present state"),
            ("422", "A field is wrong, or the `Idempotency-Key` was used for another request"),
        ]);
    }
    if endpoint.body.is_some() {
        refusals.extend([("415", "The body is not JSON")]);
    }
    if endpoint.versioned {
        refusals.extend([
            ("412", "It is no longer as `If-Match` says; `current` is the present state"),
            ("428", "`If-Match` is missing"),
        ]);
    }
    let too_large = format!("The body is longer than {MAX_BODY_BYTES} bytes");
    refusals.push(("413", too_large.as_str()));
    for (status, about) in refusals {
        let schema = json!({"$ref": "#/components/schemas/Problem"});
        let content = json!({"application/problem+json": {"schema": schema}});
        all.insert(status.to_owned(), json!({"description": about, "content": content}));
    }
    Value::Object(all)
}

fn reference(shape: &Shape) -> Value {
    json!({"$ref": format!("#/components/schemas/{}", (shape.name)())})
}

impl Gives {
    fn shape(&self) -> Option<&Shape> {
        match self {
            Self::Ok(shape) | Self::Created(shape) => Some(shape),
            Self::File(_) | Self::Json => None,
        }
    }
}
