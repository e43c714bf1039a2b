//! 监测源静默: a source that used to yield and yields nothing any more is told of, once.

use crate::domain::notice::{Notice, NoticeId, NoticeKind};
use crate::domain::run::{CrawlRun, RunOutcome};
use crate::domain::source::Source;

use super::super::App;
use super::super::error::Result;

/// Earlier runs that are looked at.
const N_RUNS: u32 = 6;
/// So many of them must have yielded, before their silence means something.
const MIN_YIELDING: usize = 2;

impl App {
    /// Writes a notice when `run` found nothing although earlier runs of its source did; `true` when it did.
    ///
    /// The first silent run is told of; the ones after it are not, until the source has yielded again.
    pub(super) async fn tell_of_silence(&self, source: &Source, run: &CrawlRun) -> Result<bool> {
        if is_yielding(run) {
            return Ok(false);
        }
        let key = (run.started_at, &run.id);
        let earlier = self.store.runs_before(Some(&source.id), Some(key), N_RUNS).await?;
        let Some(mean) = went_silent(&earlier) else { return Ok(false) };
        let notice = notice(source, run, mean);
        tracing::warn!(source.id = %source.id, run.id = %run.id, "source went silent; it used to give {mean} ads a run");
        match notice {
            Some(notice) => Ok(self.store.add_notice(&notice).await?),
            None => Ok(false),
        }
    }
}

/// Whether a run saw ads, or only pages that need no second look.
fn is_yielding(run: &CrawlRun) -> bool {
    run.counts.n_sightings > 0 || run.counts.n_not_due > 0
}

/// How many ads a run used to give, when the runs before (newest first) did and the last of them still did.
fn went_silent(earlier: &[CrawlRun]) -> Option<u32> {
    let ended: Vec<&CrawlRun> = earlier.iter().filter(|run| run.outcome.is_some()).collect();
    let last = ended.first()?;
    let yields: Vec<u32> =
        ended.iter().filter(|run| is_yielding(run)).map(|run| run.counts.n_sightings).collect();
    if !is_yielding(last) || yields.len() < MIN_YIELDING {
        return None;
    }
    Some(yields.iter().sum::<u32>() / u32::try_from(yields.len()).unwrap_or(1))
}

fn notice(source: &Source, run: &CrawlRun, mean: u32) -> Option<Notice> {
    let title: String = source.title.chars().filter(|c| !c.is_control()).take(60).collect();
    let outcome = run.outcome.as_ref().map_or_else(String::new, RunOutcome::describe);
    let outcome: String = outcome.chars().filter(|c| !c.is_control()).take(300).collect();
    let body = format!(
        "监测源 {title}（{id}）本次采集没有读到任何广告与帖文。\n\
         此前每次平均读到 {mean} 条。\n\n\
         采集批次：{run}\n\
         开始时间：{at}\n\
         结果：{outcome}\n\
         采集页数：{pages}，失败 {failed}\n\n\
         网站改版、封禁或地址变更都可能造成静默，请核查：adwatch source check {id}\n",
        id = source.id,
        run = run.id,
        at = run.started_at.beijing(),
        pages = run.counts.n_pages,
        failed = run.counts.n_failed,
    );
    Some(Notice {
        id: NoticeId::parse(&format!("silent-{}", run.id)).ok()?,
        kind: NoticeKind::Source,
        subject: format!("监测源静默：{title}"),
        body,
        created_at: run.finished_at.unwrap_or(run.started_at),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::run::{RunCounts, RunId};
    use crate::domain::source::SourceId;
    use crate::kit::clock::UnixMs;

    fn runs(n_sightings: &[u32]) -> Vec<CrawlRun> {
        let run = |n_sightings: &u32| CrawlRun {
            id: RunId::parse("r").unwrap(),
            source_id: SourceId::parse("s").unwrap(),
            started_at: UnixMs(0),
            finished_at: Some(UnixMs(1)),
            outcome: Some(RunOutcome::Ok),
            counts: RunCounts { n_sightings: *n_sightings, ..RunCounts::default() },
        };
        n_sightings.iter().map(run).collect()
    }

    #[test]
    fn silence_means_something_after_several_runs_that_yielded_and_is_told_once() {
        for (earlier, expected) in [
            (&[][..], None),
            (&[7], None),
            (&[7, 9], Some(8)),
            (&[7, 0, 9], Some(8)),
            (&[0, 7, 9], None),
            (&[0, 0, 0], None),
            (&[7, 0, 0], None),
        ] {
            assert_eq!(went_silent(&runs(earlier)), expected, "{earlier:?}");
        }
        let mut killed = runs(&[0, 7, 9]);
        killed[0].outcome = None;
        assert_eq!(went_silent(&killed), Some(8), "a run that goes on says nothing");
    }
}
