//! What every engine must do: one list of cases, run on SQLite always and on PostgreSQL when
//! `ADWATCH_TEST_POSTGRES` holds the address of a server on which schemas may be made.

mod harness;
mod make;

mod accounts;
mod capture_logs;
mod contacts;
mod evidence;
mod figures;
mod frontier;
mod groups;
mod imports;
mod jobs;
mod keeping;
mod leads;
mod offices;
mod outbox;
mod pages;
mod pictures;
mod queue;
mod renderings;
mod reviews;
mod sources;
mod tokens;

/// Declares each case once and makes a test of it for each engine.
macro_rules! conformance {
    ($($module:ident: $($case:ident),+ $(,)?;)+) => {
        mod sqlite {
            $($(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    super::harness::on_sqlite(super::$module::$case).await;
                }
            )+)+
        }
        mod postgres {
            $($(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    super::harness::on_postgres(super::$module::$case).await;
                }
            )+)+
        }
    };
}

conformance! {
    sources:
        a_source_comes_back_as_it_was_added,
        a_name_is_taken_until_its_source_is_removed,
        a_run_keeps_its_first_end,
        only_runs_without_an_end_are_unfinished,
        each_source_has_one_last_run,
        runs_are_read_page_by_page_and_by_source;
    frontier:
        a_run_goes_on_where_its_process_was_killed,
        only_the_holder_of_a_run_changes_it,
        a_host_is_left_with_everything_that_waits_for_it,
        an_unchanged_page_counts_its_ads_once_more,
        how_a_source_is_treated_and_its_day_come_back;
    pages:
        a_page_comes_back_as_it_was_recorded,
        recording_a_page_again_changes_nothing,
        an_ad_seen_many_times_is_one_finding,
        a_run_knows_its_landing_pages,
        a_newer_pack_renews_what_is_pending_and_leaves_what_is_decided,
        an_ad_cleared_by_context_keeps_its_hits,
        an_alert_goes_out_only_for_a_finding_that_is_new,
        a_page_that_cannot_be_recorded_leaves_nothing,
        text_that_engines_dislike_is_kept,
        a_page_of_a_thousand_ads_is_recorded_whole,
        pages_recorded_at_once_count_every_sighting;
    capture_logs:
        what_was_looked_at_is_logged_once_in_one_chain_a_day,
        a_changed_or_cut_log_is_named,
        heads_of_logs_wait_for_stamps;
    renderings:
        a_rendering_comes_back_with_its_parts_and_is_kept_once;
    pictures:
        a_picture_waits_until_it_is_read_and_then_stays_read,
        an_address_is_remembered_with_what_it_gave,
        an_ad_shows_its_pictures_in_the_order_of_its_page,
        words_in_a_picture_may_make_a_finding_but_never_change_what_was_decided;
    groups:
        copies_with_small_edits_are_one_finding_and_what_says_more_is_another,
        ads_that_share_a_contact_are_one_campaign_with_the_reason_of_each_link,
        a_hub_links_nothing_once_it_is_one,
        pictures_that_look_the_same_link,
        parties_are_counted_with_what_was_accepted,
        many_at_once_grow_one_campaign;
    contacts:
        contacts_come_back_in_order_with_their_reach,
        contacts_are_kept_once_and_only_of_flagged_ads,
        a_hostile_list_of_contacts_is_cut;
    queue:
        the_queue_is_ordered_by_priority_and_paged_without_gaps,
        filters_narrow_the_queue,
        neighbours_are_those_of_the_same_list,
        words_with_many_matches_are_listed_in_order_too,
        counts_follow_what_happens,
        a_search_takes_its_words_literally,
        figures_count_each_finding_once_per_category;
    offices:
        offices_come_back_and_their_findings_are_apart,
        a_person_belongs_to_an_office,
        a_view_is_saved_under_its_name;
    figures:
        figures_of_a_span_add_up,
        a_frozen_month_stays_as_it_was,
        a_sample_is_drawn_answered_once_and_by_who_was_drawn;
    reviews:
        a_decision_moves_the_finding_and_is_on_record,
        the_second_of_two_reviewers_learns_who_was_first,
        a_decision_on_an_old_version_is_refused,
        an_undo_is_another_decision,
        a_repeated_decision_changes_nothing,
        of_many_decisions_at_once_one_succeeds,
        the_audit_chain_shows_what_was_tampered_with,
        audit_entries_written_at_once_form_one_chain;
    leads:
        an_acceptance_opens_a_lead_and_steps_come_back_in_order,
        the_second_of_two_steps_at_once_is_refused_and_leaves_nothing,
        a_decision_whose_lead_changed_meanwhile_is_taken_back_whole,
        leads_are_listed_by_state_newest_first,
        looks_are_kept_and_planned_with_the_order_that_asks_for_them;
    accounts:
        an_account_comes_back_changed_and_on_record,
        a_session_lasts_until_it_is_ended,
        wrong_passwords_are_counted_and_forgiven,
        a_finding_is_held_by_one_person_until_then,
        remarks_come_back_in_order_and_the_source_of_an_ad_is_known;
    jobs:
        a_job_is_leased_by_one_worker_and_done_once,
        a_job_whose_worker_died_is_taken_over,
        a_worker_that_lost_its_lease_changes_nothing,
        a_failed_job_waits_for_its_retry_or_is_given_up,
        an_unfinished_job_keeps_its_key,
        a_job_of_an_unknown_kind_blocks_nobody,
        workers_at_once_share_the_jobs_out,
        a_due_time_is_started_once,
        a_host_is_asked_one_turn_at_a_time,
        a_host_that_fails_is_counted_and_paused_for_everybody,
        finished_work_can_be_forgotten;
    outbox:
        a_notice_is_taken_once_and_sent_once,
        a_notice_whose_sender_died_is_due_again,
        a_failed_notice_waits_for_its_retry;
    tokens:
        a_token_comes_back_with_its_owner_until_it_is_taken_back,
        a_request_that_named_itself_is_answered_once;
    imports:
        a_file_is_imported_once_for_a_source,
        who_reported_is_read_only_by_who_asks_for_it,
        many_pages_are_recorded_in_one_step;
    evidence:
        a_package_comes_back_with_its_exhibits,
        a_package_is_never_written_twice,
        the_custody_chain_shows_what_was_tampered_with,
        a_package_waits_for_each_authority_until_it_stamps;
    keeping:
        a_hand_over_is_acknowledged_once,
        a_package_is_disposed_of_once_and_never_under_a_hold,
        a_package_of_another_office_is_taken_in_once;
}

/// The price of statements without compile-time checks: each must be run here.
#[test]
fn every_store_call_is_in_the_suite() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store");
    let files = |folder: &std::path::Path| -> Vec<String> {
        std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
            .map(|path| std::fs::read_to_string(path).unwrap())
            .collect()
    };
    let suite = files(&folder.join("suite")).join("\n");
    let calls: Vec<String> = [files(&folder), files(&folder.join("group"))]
        .concat()
        .iter()
        .flat_map(|text| {
            text.split("pub async fn ").skip(1).map(|rest| rest.split('(').next().unwrap().to_owned())
        })
        .collect();
    assert!(calls.len() > 40, "the search for store calls found only {}: {calls:?}", calls.len());
    let missing: Vec<&String> = calls
        .iter()
        .filter(|call| !suite.contains(&format!(".{call}(")) && !suite.contains(&format!("Db::{call}(")))
        .collect();
    assert!(missing.is_empty(), "no case in store/suite/ runs {missing:?}; add one, its SQL is untested");
}
