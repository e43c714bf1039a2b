//! The one table of addresses: what each takes and what it needs. The router and the tests are made from it.

use std::sync::Arc;

use axum::Router;
use axum::http::Method;
use axum::routing::{MethodRouter, get, post};

use super::{Site, pages};
use crate::domain::user::Permission::{self, Audit, Decide, ManageUsers, Overrule, Reveal, Seal, See};

/// What a visitor needs for an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// Nothing: the login page and what it is drawn with.
    Nothing,
    /// To be logged in; also while the password must still be changed.
    Login,
    /// A role that may do that.
    May(Permission),
}

/// One address.
pub struct Route {
    /// GET, which never changes anything, or POST.
    pub method: Method,
    /// As axum matches it.
    pub path: &'static str,
    /// What it needs.
    pub needs: Needs,
    handler: MethodRouter<Arc<Site>>,
}

/// Every address of the application.
pub fn table() -> Vec<Route> {
    use Needs::{Login, May, Nothing};
    vec![
        seen("/", May(See), get(pages::queue::start)),
        seen("/assets/{name}", Nothing, get(pages::asset::show)),
        seen("/login", Nothing, get(pages::login::show)),
        done("/login", Nothing, post(pages::login::enter)),
        done("/logout", Login, post(pages::login::leave)),
        seen("/account", Login, get(pages::account::show)),
        done("/account/password", Login, post(pages::account::change_password)),
        done("/account/code", Login, post(pages::account::set_code)),
        done("/account/no-code", Login, post(pages::account::unset_code)),
        done("/account/sessions", Login, post(pages::account::end_session)),
        done("/account/tokens", Login, post(pages::account::add_token)),
        done("/account/tokens/revoke", Login, post(pages::account::revoke_token)),
        seen("/queue", May(See), get(pages::queue::show)),
        done("/queue/bulk", May(Decide), post(pages::bulk::decide)),
        done("/queue/bulk/undo", May(Decide), post(pages::bulk::undo)),
        done("/views", May(See), post(pages::queue::save_view)),
        done("/views/remove", May(See), post(pages::queue::remove_view)),
        seen("/go", May(See), get(pages::queue::go)),
        seen("/findings/{id}", May(See), get(pages::finding::show)),
        done("/findings/{id}/accept", May(Decide), post(pages::decide::accept)),
        done("/findings/{id}/dismiss", May(Decide), post(pages::decide::dismiss)),
        done("/findings/{id}/need-evidence", May(Decide), post(pages::decide::need_evidence)),
        done("/findings/{id}/ask-second", May(Decide), post(pages::decide::ask_second)),
        done("/findings/{id}/move", May(Decide), post(pages::decide::move_office)),
        done("/findings/{id}/undo", May(Decide), post(pages::decide::undo)),
        done("/findings/{id}/take", May(Decide), post(pages::decide::take)),
        done("/findings/{id}/release", May(Decide), post(pages::decide::release)),
        done("/findings/{id}/skip", May(Decide), post(pages::decide::skip)),
        done("/findings/{id}/comment", May(Decide), post(pages::decide::comment)),
        done("/findings/{id}/seal", May(Seal), post(pages::decide::seal)),
        done("/findings/{id}/reveal", May(Reveal), post(pages::finding::reveal)),
        seen("/findings/{id}/pictures/{sha256}", May(See), get(pages::campaign::picture)),
        seen("/campaigns", May(See), get(pages::campaign::list)),
        seen("/campaigns/{id}", May(See), get(pages::campaign::show)),
        seen("/parties", May(See), get(pages::campaign::parties)),
        seen("/parties/{id}", May(See), get(pages::campaign::one_party)),
        seen("/leads", May(See), get(pages::lead::list)),
        seen("/leads/{id}", May(See), get(pages::lead::show)),
        done("/leads/{id}/step", May(Decide), post(pages::lead::step)),
        done("/leads/{id}/recheck", May(Decide), post(pages::lead::recheck)),
        seen("/leads/{id}/letters/{kind}", May(Decide), get(pages::letter::show)),
        done("/leads/{id}/letters/{kind}", May(Decide), post(pages::letter::act)),
        seen("/leads/{id}/issued/{sha256}", May(See), get(pages::letter::issued)),
        seen("/cases", May(See), get(pages::case::list)),
        seen("/cases/{id}", May(See), get(pages::case::show)),
        seen("/packages/{id}", May(See), get(pages::package::show)),
        seen("/packages/{id}/replay", May(See), get(pages::package::replay)),
        seen("/packages/{id}/{file}", May(Seal), get(pages::package::take)),
        seen("/captures/{id}", May(See), get(pages::capture::show)),
        seen("/captures/{id}/raw", May(See), get(pages::capture::raw)),
        seen("/sources", May(See), get(pages::source::show)),
        seen("/users", May(ManageUsers), get(pages::users::show)),
        done("/users", May(ManageUsers), post(pages::users::add)),
        done("/users/role", May(ManageUsers), post(pages::users::role)),
        done("/users/reset", May(ManageUsers), post(pages::users::reset)),
        done("/users/disable", May(ManageUsers), post(pages::users::disable)),
        done("/users/enable", May(ManageUsers), post(pages::users::enable)),
        done("/users/end-sessions", May(ManageUsers), post(pages::users::end_sessions)),
        seen("/statistics", May(See), get(pages::statistics::show)),
        done("/statistics/export", May(See), post(pages::statistics::export)),
        seen("/samples", May(See), get(pages::sample::list)),
        done("/samples", May(Overrule), post(pages::sample::draw)),
        seen("/samples/{id}/{n}", May(Decide), get(pages::sample::show)),
        done("/samples/{id}/{n}", May(Decide), post(pages::sample::answer)),
        seen("/offices", May(ManageUsers), get(pages::office::show)),
        done("/offices", May(ManageUsers), post(pages::office::add)),
        done("/offices/user", May(ManageUsers), post(pages::office::move_user)),
        done("/offices/source", May(ManageUsers), post(pages::office::route_source)),
        seen("/audit", May(Audit), get(pages::audit::show)),
        done("/audit/verify", May(Audit), post(pages::audit::verify)),
        done("/audit/export", May(Audit), post(pages::audit::export)),
    ]
}

/// The router of the table.
pub fn router() -> Router<Arc<Site>> {
    table().into_iter().fold(Router::new(), |router, route| router.route(route.path, route.handler))
}

fn seen(path: &'static str, needs: Needs, handler: MethodRouter<Arc<Site>>) -> Route {
    Route { method: Method::GET, path, needs, handler }
}

fn done(path: &'static str, needs: Needs, handler: MethodRouter<Arc<Site>>) -> Route {
    Route { method: Method::POST, path, needs, handler }
}
