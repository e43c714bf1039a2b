//! A small world for end-to-end tests: the real binary, its own data folder, the demo's sites on loopback.
#![expect(dead_code, reason = "each test file uses its own part of the world")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};

use tempfile::TempDir;

/// A data folder and, if a test needs it, another database than the embedded one.
pub struct World {
    dir: TempDir,
    database: Option<String>,
}

/// What a command printed and how it ended.
pub struct Ran {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl World {
    pub fn new() -> Self {
        Self { dir: TempDir::new().unwrap(), database: None }
    }

    pub fn on_database(url: String) -> Self {
        Self { dir: TempDir::new().unwrap(), database: Some(url) }
    }

    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    pub fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.dir.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
        path
    }

    /// The binary, told of this world only, with these arguments.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_adwatch"));
        command.current_dir(self.dir.path()).env_clear().env("TMPDIR", self.dir.path());
        command.arg("--data").arg(self.data());
        if let Some(url) = &self.database {
            command.arg("--database").arg(url);
        }
        command.args(args);
        command
    }

    pub fn run(&self, args: &[&str]) -> Ran {
        ran(self.command(args).stdin(Stdio::null()).output().unwrap())
    }

    pub fn run_with_input(&self, args: &[&str], input: &[u8]) -> Ran {
        let mut child = self
            .command(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        std::thread::scope(|scope| {
            scope.spawn(move || {
                // A command that stops reading early closes the pipe; that is its right.
                let _ = stdin.write_all(input);
            });
            ran(child.wait_with_output().unwrap())
        })
    }

    /// Runs and demands exit code 0 or 1.
    pub fn ok(&self, args: &[&str]) -> Ran {
        let ran = self.run(args);
        assert!((0..=1).contains(&ran.code), "{args:?} ended with {}:\n{}\n{}", ran.code, ran.out, ran.err);
        ran
    }

    /// Findings of every state as JSON objects.
    pub fn findings(&self) -> Vec<serde_json::Value> {
        let ran = self.ok(&["queue", "list", "--state", "all", "--limit", "1000", "--format", "jsonl"]);
        ran.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Adds every source of the demo's sites.
    pub fn add_sources(&self, sites: &SitesPlayed) {
        for source in &sites.sources {
            let [id, kind, url, origins] = source.as_slice() else { panic!("four words: {source:?}") };
            let mut args = vec!["source", "add", id, "--kind", kind, "--url", url];
            for origin in origins.split(',') {
                args.extend(["--allow-origin", origin]);
            }
            self.ok(&args);
        }
    }
}

fn ran(output: Output) -> Ran {
    Ran {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// The demo's sites, played by a process of their own.
pub struct SitesPlayed {
    child: Child,
    pub sources: Vec<Vec<String>>,
}

impl SitesPlayed {
    pub fn start(world: &World) -> Self {
        let mut child = world
            .command(&["demo", "--sites-only"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let sources = lines
            .map(Result::unwrap)
            .take_while(|line| line != "ready")
            .map(|line| line.split(' ').map(str::to_owned).collect())
            .collect();
        Self { child, sources }
    }
}

impl Drop for SitesPlayed {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A running command whose standard error is read line by line.
pub struct Running {
    child: Child,
    lines: std::io::Lines<BufReader<Box<dyn Read + Send>>>,
}

impl Running {
    /// Starts `command` and reads what it says on standard output or, if `err`, on standard error.
    pub fn start(mut command: Command, err: bool) -> Self {
        command.stdin(Stdio::null());
        if err {
            command.stderr(Stdio::piped()).stdout(Stdio::null());
        } else {
            command.stdout(Stdio::piped());
        }
        let mut child = command.spawn().unwrap();
        let stream: Box<dyn Read + Send> =
            if err { Box::new(child.stderr.take().unwrap()) } else { Box::new(child.stdout.take().unwrap()) };
        Self { child, lines: BufReader::new(stream).lines() }
    }

    /// The next line that contains `words`; `None` when the command ended without it.
    pub fn line_with(&mut self, words: &str) -> Option<String> {
        self.lines.by_ref().map_while(Result::ok).find(|line| line.contains(words))
    }

    /// SIGKILL.
    pub fn kill(mut self) -> ExitStatus {
        let _ = self.child.kill();
        self.child.wait().unwrap()
    }

    /// SIGTERM, and its exit.
    pub fn terminate(mut self) -> ExitStatus {
        Command::new("kill").arg(self.child.id().to_string()).status().unwrap();
        self.child.wait().unwrap()
    }
}
