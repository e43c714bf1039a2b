//! What goes wrong, as a problem (RFC 9457), in the words of the pages.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::app;
use crate::web::error::Failure;
use crate::web::lang::Lang;

/// Why a request was not done.
#[derive(Debug)]
pub enum Problem {
    /// As on pages.
    Failure(Failure),
    /// No token, or one that opens nothing.
    NoToken,
    /// Too many requests; try again after so many seconds.
    TooMany(u64),
    /// A parameter of the address is wrong.
    Parameter {
        /// Which.
        name: String,
        /// What it must be.
        why: String,
    },
    /// The body is not JSON, or not of the kind that the address takes.
    Body(String),
    /// The body is of another type than JSON.
    MediaType,
    /// The body is too long.
    TooLarge,
    /// A change must say which version it is based on.
    NoVersion,
    /// The thing is no longer as the program saw it, or somebody was faster.
    Stale {
        /// 412 when the version differs, 409 when its state does not allow the change.
        status: StatusCode,
        /// In the words of the use case.
        why: String,
        /// The thing as it is now.
        current: serde_json::Value,
    },
    /// The name of a request was used for a different one.
    KeyReused,
    /// A request of this name is being worked on.
    KeyBusy,
}

/// The body of a problem.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemBody {
    /// What kind of problem, a stable URN.
    #[serde(rename = "type")]
    kind: String,
    /// One sentence.
    title: String,
    /// HTTP status.
    status: u16,
    /// What to do next.
    detail: String,
    /// What exactly is wrong: fields, or who was faster.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<Wrong>,
    /// The thing as it is now, when somebody was faster.
    #[serde(skip_serializing_if = "Option::is_none")]
    current: Option<serde_json::Value>,
    /// Number of the request, for the administrator.
    request_id: String,
}

/// One thing that is wrong.
#[derive(Debug, Serialize, ToSchema)]
pub struct Wrong {
    /// Field or parameter; absent when it is about the whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<String>,
    /// What is wrong.
    message: String,
}

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

impl From<app::Error> for Problem {
    fn from(error: app::Error) -> Self {
        Self::Failure(Failure::App(error))
    }
}

impl Problem {
    /// A parameter that is wrong.
    pub fn parameter(name: &str, why: impl Into<String>) -> Self {
        Self::Parameter { name: name.to_owned(), why: why.into() }
    }

    /// Last part of the URN, one for each kind, and the status.
    fn kind(&self) -> (&'static str, StatusCode) {
        match self {
            Self::Failure(failure) => {
                let status = failure.status();
                let name = match status {
                    StatusCode::NOT_FOUND => "not-found",
                    StatusCode::FORBIDDEN => "forbidden",
                    StatusCode::CONFLICT => "conflict",
                    StatusCode::UNPROCESSABLE_ENTITY => "invalid",
                    StatusCode::METHOD_NOT_ALLOWED => "method",
                    StatusCode::MISDIRECTED_REQUEST => "host",
                    StatusCode::BAD_REQUEST => "malformed",
                    _ => "internal",
                };
                (name, status)
            }
            Self::NoToken => ("token", StatusCode::UNAUTHORIZED),
            Self::TooMany(_) => ("too-many", StatusCode::TOO_MANY_REQUESTS),
            Self::Parameter { .. } => ("parameter", StatusCode::BAD_REQUEST),
            Self::Body(_) => ("malformed", StatusCode::BAD_REQUEST),
            Self::MediaType => ("media-type", StatusCode::UNSUPPORTED_MEDIA_TYPE),
            Self::TooLarge => ("too-large", StatusCode::PAYLOAD_TOO_LARGE),
            Self::NoVersion => ("no-version", StatusCode::PRECONDITION_REQUIRED),
            Self::Stale { status, .. } if *status == StatusCode::CONFLICT => ("conflict", *status),
            Self::Stale { status, .. } => ("stale", *status),
            Self::KeyReused => ("key-reused", StatusCode::UNPROCESSABLE_ENTITY),
            Self::KeyBusy => ("key-busy", StatusCode::CONFLICT),
        }
    }

    /// Sentence, next step and details.
    fn words(&self, lang: Lang) -> (String, String, Vec<Wrong>) {
        let w = lang.words();
        let whole = |message: &str| vec![Wrong { field: None, message: message.to_owned() }];
        let said = |zh: &str, en: &str| lang.pick(zh, en).to_owned();
        match self {
            Self::Failure(Failure::App(app::Error::Invalid(problems))) => {
                let wrong = |problem: &app::FieldProblem| Wrong {
                    field: Some(problem.field.to_owned()),
                    message: problem.message.clone(),
                };
                let next = said("修改后重新提交。", "Correct it and send it again.");
                (w.error_invalid.to_owned(), next, problems.iter().map(wrong).collect())
            }
            Self::Failure(failure) => {
                let explained = failure.explain(lang);
                let errors = explained.details.iter().flat_map(|line| whole(line)).collect();
                let next = match failure {
                    Failure::NoPage | Failure::Method | Failure::App(app::Error::NotFound { .. }) => {
                        said("地址见 /api/v1/openapi.json。", "Addresses are in /api/v1/openapi.json.")
                    }
                    _ => explained.next.to_owned(),
                };
                (explained.sentence, next, errors)
            }
            Self::NoToken => (
                said("缺少有效的访问令牌。", "A valid token is missing."),
                said(
                    "用 adwatch token add 或在“账号”页生成令牌，放入 Authorization: Bearer。",
                    "Make one with `adwatch token add` or on the account page and send it as Authorization: Bearer.",
                ),
                Vec::new(),
            ),
            Self::TooMany(seconds) => (
                said("请求太多。", "Too many requests."),
                lang.pick(format!("{seconds} 秒后再试。"), format!("Try again in {seconds} s.")),
                Vec::new(),
            ),
            Self::Parameter { name, why } => (
                said("参数有问题。", "A parameter is wrong."),
                said("修改后重新提交。", "Correct it and send it again."),
                vec![Wrong { field: Some(name.clone()), message: why.clone() }],
            ),
            Self::Body(why) => (
                said("请求正文不是所要求的 JSON。", "The body is not the JSON that is wanted."),
                said("格式见 /api/v1/openapi.json。", "Its shape is in /api/v1/openapi.json."),
                whole(why),
            ),
            Self::MediaType => (
                said("请求正文须为 JSON。", "The body must be JSON."),
                said("加上 Content-Type: application/json。", "Send Content-Type: application/json."),
                Vec::new(),
            ),
            Self::TooLarge => {
                let limit = super::MAX_BODY_BYTES;
                let (zh, en) = (format!("至多 {limit} 字节。"), format!("At most {limit} bytes."));
                (said("请求正文太长。", "The body is too long."), lang.pick(zh, en), Vec::new())
            }
            Self::NoVersion => (
                said("须说明依据的是哪个版本。", "Say which version the change is based on."),
                said(
                    "把读取时得到的 ETag 放入 If-Match；If-Match: * 表示不论版本。",
                    "Send the ETag of what you read as If-Match; `If-Match: *` takes any version.",
                ),
                Vec::new(),
            ),
            Self::Stale { why, .. } => {
                (w.error_conflict.to_owned(), w.error_conflict_next.to_owned(), whole(why))
            }
            Self::KeyReused => (
                said(
                    "这个 Idempotency-Key 已用于另一个请求。",
                    "This Idempotency-Key was used for another request.",
                ),
                said("换一个新的。", "Use a new one."),
                Vec::new(),
            ),
            Self::KeyBusy => (
                said("同名请求正在处理。", "A request of this name is being worked on."),
                said("稍后再试。", "Try again shortly."),
                Vec::new(),
            ),
        }
    }

    /// The answer.
    pub fn respond(self, lang: Lang, request_id: &str) -> Response {
        let (kind, status) = self.kind();
        match &self {
            Self::Failure(failure) => failure.log(request_id),
            other => tracing::debug!(request_id, reason = ?other, "a request to the API was refused"),
        }
        let (title, detail, errors) = self.words(lang);
        let current = match &self {
            Self::Stale { current, .. } => Some(current.clone()),
            _ => None,
        };
        let body = ProblemBody {
            kind: format!("urn:adwatch:problem:{kind}"),
            title,
            status: status.as_u16(),
            detail,
            errors,
            current,
            request_id: request_id.to_owned(),
        };
        let bytes = serde_json::to_vec(&body).unwrap_or_default();
        let mut response = (status, bytes).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        match self {
            Self::NoToken => {
                headers
                    .insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"adwatch\""));
            }
            Self::TooMany(seconds) => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
            }
            _ => {}
        }
        response
    }
}
