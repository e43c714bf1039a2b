//! `adwatch serve` and `adwatch worker`: long-running roles, ended by Ctrl-C or SIGTERM.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;

use tokio::net::TcpListener;

use super::exit::Exit;
use super::out::Style;
use super::{Shells, say};
use crate::app::App;
use crate::app::users::FIRST_ADMINISTRATOR;

/// What `main` needs to start pages and worker.
pub struct ServeOptions {
    /// Where the pages listen; `None` for a worker alone.
    pub listener: Option<TcpListener>,
    /// Whether jobs are worked on too.
    pub with_worker: bool,
    /// Ends everything when it completes.
    pub stop: Pin<Box<dyn Future<Output = ()> + Send>>,
}

/// Arguments of `serve`.
#[derive(Debug, clap::Args)]
pub struct ServeArgs {
    /// 监听地址 — address and port; default from the configuration, 127.0.0.1:8420
    #[arg(long, value_name = "ADDR")]
    listen: Option<String>,
    /// 只提供页面，不运行后台任务 — pages only, no worker
    #[arg(long)]
    no_worker: bool,
}

/// Serves pages and worker until told to stop.
pub async fn run(args: ServeArgs, app: Arc<App>, style: Style, shells: Shells) -> anyhow::Result<Exit> {
    let address = args.listen.unwrap_or_else(|| app.config().web.listen.clone());
    let parsed = match address.replace("localhost:", "127.0.0.1:").parse::<SocketAddr>() {
        Ok(parsed) => parsed,
        Err(_) => {
            return Ok(Exit::usage(format!(
                "`{address}` is not an address and port, for example 127.0.0.1:8420"
            )));
        }
    };
    if let Err(why) = (shells.may_listen)(&app, parsed) {
        return Ok(Exit::usage(why));
    }
    let listener = match TcpListener::bind(parsed).await {
        Ok(listener) => listener,
        Err(error) => {
            return Ok(Exit::usage(format!(
                "cannot listen on {address}: {error}; choose another with --listen"
            )));
        }
    };
    let first = match app.registry().first_administrator().await {
        Ok(password) => password.map(|password| (FIRST_ADMINISTRATOR.to_owned(), password)),
        Err(error) => return Ok(Exit::of_error(&error)),
    };
    if first.is_some() {
        say(style.lang.pick(
            "已创建首个管理员账号；一次性口令只显示这一次，首次登录须更改。",
            "The first administrator was made; the one-time password is shown only now and must be changed at login.",
        ));
    }
    pages(app, listener, !args.no_worker, first, style, shells).await
}

/// Announces the address and, when there is one, an account with its one-time password, then serves.
pub async fn pages(
    app: Arc<App>,
    listener: TcpListener,
    with_worker: bool,
    account: Option<(String, String)>,
    style: Style,
    shells: Shells,
) -> anyhow::Result<Exit> {
    let address = listener.local_addr()?;
    say(&format!(
        "{}  {}",
        style.lang.pick("审核页面", "Review pages"),
        style.bold(&format!("http://{address}/"))
    ));
    if let Some((name, password)) = account {
        say(&format!("{}  {}", style.lang.pick("用户名", "User name"), style.bold(&name)));
        say(&format!("{}  {}", style.lang.pick("一次性口令", "One-time password"), style.bold(&password)));
    }
    say(&style.dim(style.lang.pick("按 Ctrl-C 结束。", "Ctrl-C ends.")));
    let options = ServeOptions { listener: Some(listener), with_worker, stop: Box::pin(told_to_stop()) };
    (shells.serve)(app, options).await?;
    Ok(Exit::NOTHING)
}

/// Works on jobs until told to stop.
pub async fn worker(app: Arc<App>, style: Style, shells: Shells) -> anyhow::Result<Exit> {
    say(style.lang.pick("后台任务已启动，按 Ctrl-C 结束。", "Worker started; Ctrl-C ends."));
    let options = ServeOptions { listener: None, with_worker: true, stop: Box::pin(told_to_stop()) };
    (shells.serve)(app, options).await?;
    Ok(Exit::NOTHING)
}

/// Completes on Ctrl-C or SIGTERM.
async fn told_to_stop() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
        }
        Err(_) => {
            let _ = tokio::signal::ctrl_c().await;
        }
    }
}
