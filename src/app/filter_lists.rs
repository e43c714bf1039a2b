//! Filter lists that an office adds: files in `filters/` of the data folder, or of the folder of rules.

use std::path::PathBuf;
use std::sync::Arc;

use super::error::{Error, Result};
use super::{App, Config};
use crate::extract::filters::Filters;
use crate::fetch::FetchRequest;

/// A list that was added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilterList {
    /// Its name.
    pub name: String,
    /// Where it is fetched from again; `None` for a file.
    pub url: Option<String>,
    /// Lines that are rules.
    pub n_rules: usize,
    /// Its file.
    pub path: PathBuf,
}

impl App {
    /// The lists that tell ad slots: the built-in one and those of the office.
    pub(crate) fn filters(&self) -> &Arc<Filters> {
        self.filters.get_or_init(|| Arc::new(Filters::of(&texts(&self.config))))
    }

    /// Lists that were added, by name.
    ///
    /// # Errors
    /// `Internal` when the folder cannot be read.
    pub fn filter_lists(&self) -> Result<Vec<FilterList>> {
        let mut lists: Vec<FilterList> = files(&self.config)
            .into_iter()
            .filter_map(|path| {
                let text = std::fs::read_to_string(&path).ok()?;
                let url = std::fs::read_to_string(path.with_extension("url")).ok();
                Some(FilterList {
                    name: path.file_stem()?.to_str()?.to_owned(),
                    url: url.map(|url| url.trim().to_owned()),
                    n_rules: n_rules(&text),
                    path,
                })
            })
            .collect();
        lists.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(lists)
    }

    /// Adds or replaces the list `name` with what stands in a file or behind an address; the address is kept for
    /// [`App::update_filter_lists`].
    ///
    /// # Errors
    /// `Invalid` when the name is no file name, the place cannot be read, or what stands there is no list.
    pub async fn add_filter_list(&self, name: &str, place: &str) -> Result<FilterList> {
        if !crate::kit::id::is_valid(name) {
            return Err(Error::invalid("name", "use letters, digits, `-` and `_`"));
        }
        let is_url = place.starts_with("http://") || place.starts_with("https://");
        let text = if is_url { self.fetch_list(place).await? } else { read_file(place)? };
        let n_rules = n_rules(&text);
        if n_rules == 0 || text.trim_start().starts_with('<') {
            return Err(Error::invalid(
                "place",
                format!("{place} is no filter list in the syntax of Adblock Plus"),
            ));
        }
        let folder = self.config.data_dir.join("filters");
        let path = folder.join(format!("{name}.txt"));
        let written = std::fs::create_dir_all(&folder).and_then(|()| {
            // In place at once, so that a crawl that starts now reads the one or the other.
            let temporary = folder.join(format!(".{name}.tmp"));
            std::fs::write(&temporary, &text)?;
            std::fs::rename(&temporary, &path)?;
            if is_url { std::fs::write(path.with_extension("url"), place) } else { Ok(()) }
        });
        written.map_err(|error| {
            Error::invalid("name", format!("{} cannot be written: {error}", path.display()))
        })?;
        Ok(FilterList { name: name.to_owned(), url: is_url.then(|| place.to_owned()), n_rules, path })
    }

    /// Fetches every list again that came from an address; each with the list or why it could not be fetched.
    ///
    /// # Errors
    /// As [`App::filter_lists`].
    pub async fn update_filter_lists(&self) -> Result<Vec<(String, Result<FilterList>)>> {
        let mut updated = Vec::new();
        for list in self.filter_lists()? {
            if let Some(url) = &list.url {
                updated.push((list.name.clone(), self.add_filter_list(&list.name, url).await));
            }
        }
        Ok(updated)
    }

    async fn fetch_list(&self, url: &str) -> Result<String> {
        let failed = |why: String| Error::invalid("place", why);
        let origin = url::Url::parse(url).map(|url| url.origin().ascii_serialization()).unwrap_or_default();
        // A person names this address, so an office may keep its lists on a server of its own.
        let request = FetchRequest { allowed_origins: vec![origin], ..FetchRequest::new(url) };
        let fetched = self.fetcher.get(request).await.map_err(|error| failed(error.to_string()))?;
        let exchange = &fetched.exchange;
        if exchange.status != 200 {
            return Err(failed(format!("{url} answered HTTP {}", exchange.status)));
        }
        let (body, _) =
            crate::extract::content::decode(&fetched.body, exchange.response_header("content-encoding"));
        Ok(String::from_utf8_lossy(&body).into_owned())
    }
}

fn read_file(path: &str) -> Result<String> {
    let bytes = std::fs::read(path)
        .map_err(|error| Error::invalid("place", format!("{path} cannot be read: {error}")))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn n_rules(text: &str) -> usize {
    text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with(['!', '['])).count()
}

fn texts(config: &Config) -> Vec<String> {
    files(config)
        .iter()
        .filter_map(|path| match std::fs::read_to_string(path) {
            Ok(text) => Some(text),
            Err(error) => {
                tracing::warn!(file = %path.display(), "filter list cannot be read: {error}");
                None
            }
        })
        .collect()
}

fn files(config: &Config) -> Vec<PathBuf> {
    let folders = config.patterns.iter().map(|patterns| patterns.join("filters"));
    let mut files: Vec<PathBuf> = folders
        .chain([config.data_dir.join("filters")])
        .filter_map(|folder| std::fs::read_dir(folder).ok())
        .flat_map(|entries| entries.flatten().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|end| end == "txt"))
        .collect();
    files.sort();
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_list_is_added_from_a_file_and_told_from_other_texts() {
        let folder = tempfile::tempdir().unwrap();
        let config = Config { data_dir: folder.path().join("data"), ..Config::default() };
        let app = App::open(config).await.unwrap();
        let file = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path.to_str().unwrap().to_owned()
        };
        let list = file("list.txt", "[Adblock Plus 2.0]\n! Title: ours\n##.tuijian\n||ads.example^\n");
        let added = app.add_filter_list("office", &list).await.unwrap();
        assert_eq!((added.n_rules, &added.url), (2, &None));
        assert_eq!(app.filter_lists().unwrap(), [added]);
        let page = file("page.html", "<!doctype html><p>404</p>");
        for (name, place) in [("../x", &list), ("page", &page), ("none", &"nowhere.txt".to_owned())] {
            assert!(app.add_filter_list(name, place).await.is_err(), "{name} {place}");
        }
        assert!(app.update_filter_lists().await.unwrap().is_empty(), "a file has no address");
    }
}
