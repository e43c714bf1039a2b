//! The words of the pages in both languages. A word that misses one language does not compile.

use crate::domain::label::Label;

/// Language of the pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Lang {
    /// Simplified Chinese, the default.
    #[default]
    Zh,
    /// English.
    En,
}

impl Lang {
    /// The language of this code in a link or cookie.
    pub fn parse(code: &str) -> Option<Self> {
        match code {
            "zh" => Some(Self::Zh),
            "en" => Some(Self::En),
            _ => None,
        }
    }

    /// Code in links and cookies.
    pub fn code(self) -> &'static str {
        match self {
            Self::Zh => "zh",
            Self::En => "en",
        }
    }

    /// Value of the `lang` attribute.
    pub fn html(self) -> &'static str {
        match self {
            Self::Zh => "zh-CN",
            Self::En => "en",
        }
    }

    /// The other one.
    pub fn other(self) -> Self {
        match self {
            Self::Zh => Self::En,
            Self::En => Self::Zh,
        }
    }

    /// The words of the pages.
    pub fn words(self) -> &'static Words {
        match self {
            Self::Zh => &ZH,
            Self::En => &EN,
        }
    }

    /// A label of the work in this language.
    pub fn of(self, label: Label) -> &'static str {
        match self {
            Self::Zh => label.zh,
            Self::En => label.en,
        }
    }

    /// One of two texts made on the spot.
    pub fn pick<T>(self, zh: T, en: T) -> T {
        match self {
            Self::Zh => zh,
            Self::En => en,
        }
    }
}

macro_rules! words {
    ($($name:ident: $zh:literal / $en:literal;)*) => {
        /// Fixed words of the pages.
        pub struct Words { $(pub(super) $name: &'static str,)* }
        static ZH: Words = Words { $($name: $zh,)* };
        static EN: Words = Words { $($name: $en,)* };
    };
}

words! {
    product: "涉嫌非法集资广告监测" / "Illegal-fundraising ad watch";
    other_language: "English" / "中文";
    skip: "跳到正文" / "Skip to content";
    nav_queue: "审核队列" / "Review queue";
    nav_sources: "监测源" / "Sources";
    nav_audit: "审计" / "Audit";
    nav_users: "账号" / "Accounts";
    my_account: "我的账号" / "My account";
    logout: "退出" / "Log out";
    zone: "时间均为北京时间（UTC+8）" / "Times are Beijing time (UTC+8)";
    suspected_only: "“涉嫌”为技术监测结果，不是认定" / "“Suspected” is a monitoring result, not a finding of law";
    keys_hint: "按 ? 查看快捷键" / "Press ? for keys";
    keys_title: "快捷键" / "Keys";
    key_move: "下一条／上一条" / "next / previous";
    key_verdict: "选择结论：1 涉嫌违法，2–7 不违法的理由，8 待补充" / "choose: 1 suspected, 2–7 reasons for not suspect, 8 more evidence";
    key_submit: "记录所选结论并看下一条；打开选中的一条" / "record the choice and go on; open the selected one";
    key_undo: "撤销刚才的决定" / "take the last decision back";
    key_skip: "跳过，说明理由" / "pass over, with a reason";
    key_comment: "写意见" / "comment";
    key_go: "前往：编号、链接或搜索" / "go to an id, a link, or search";
    key_search: "搜索" / "search";
    key_help: "显示本说明" / "show this help";
    key_note: "输入文字时快捷键不起作用。" / "Keys do nothing while you type.";
    close: "关闭" / "Close";

    login_title: "登录" / "Log in";
    login_lead: "审核涉嫌非法集资广告，固定证据。" / "Review suspected illegal-fundraising ads and seal the evidence.";
    login_name: "用户名" / "User name";
    login_code: "验证码" / "One-time code";
    login_code_help: "只在为账号启用了两步验证时填写。" / "Only if two-step login is on for the account.";
    login_password: "口令" / "Password";
    login_password_help: "首次登录用管理员给的一次性口令；首个管理员的口令显示在启动终端里。" / "At first the one-time password from the administrator; that of the first administrator is shown in the terminal.";
    login_button: "进入" / "Enter";
    login_wrong: "用户名、口令或验证码不对。" / "Wrong name, password or code.";
    login_too_many: "尝试次数过多，请稍后再试；管理员可用 adwatch user reset 解除。" / "Too many attempts. Try again later; an administrator can lift it with adwatch user reset.";
    login_stale: "页面已过期，请再试一次。" / "The page was stale. Please try once more.";

    queue_title: "审核队列" / "Review queue";
    filter_state_all: "全部" / "All";
    filter_severity: "严重程度" / "Severity";
    filter_severity_any: "不限" / "any";
    filter_source: "监测源" / "Source";
    filter_source_any: "全部监测源" / "all sources";
    filter_text: "搜索广告文字" / "Search the ads' words";
    filter_button: "筛选" / "Filter";
    filter_clear: "清除条件" / "Clear filters";
    queue_empty: "队列里没有待审的内容。" / "Nothing is waiting in the queue.";
    queue_empty_next: "运行 adwatch crawl 采集监测源，命中会自动进入这里。" / "Run adwatch crawl to look at the sources; findings arrive here by themselves.";
    queue_no_match: "没有符合条件的内容。" / "Nothing matches these filters.";
    queue_next_page: "下一页" / "Next page";
    queue_first_page: "回到第一页" / "First page";
    priority: "优先级" / "Priority";
    high: "高" / "High";
    middle: "中" / "Medium";
    low: "低" / "Low";
    untitled: "（无标题）" / "(untitled)";
    more_words: "处更多" / "more";
    last_seen: "最近发现" / "Last seen";
    first_seen: "首次发现" / "First seen";
    times_seen: "次出现" / "sightings";
    one_time_seen: "次出现" / "sighting";

    back_to_queue: "返回队列" / "Back to the queue";
    previous: "上一条" / "Previous";
    next: "下一条" / "Next";
    next_pending: "审核下一条" / "Next pending";
    ad_text: "广告原文" / "The ad as published";
    ad_text_help: "实线为广告自身的宣称，虚线为经语境排除的字句；点击可看依据。" / "Solid: the ad's own promises. Dashed: cleared by context. Select one to see its basis.";
    read_as: "读作" / "read as";
    reasons: "为什么进入队列" / "Why it is here";
    decide: "审核决定" / "Decide";
    accept_tab: "认为涉嫌违法" / "Suspected";
    accept_help: "勾选适用的法律依据；系统建议的已预先勾选。" / "Tick the provisions that apply; those proposed are ticked already.";
    more_provisions: "其他条文" / "Other provisions";
    accept_button: "记录：涉嫌违法" / "Record: suspected";
    dismiss_tab: "不违法，排除" / "Not suspect";
    dismiss_help: "选择理由。" / "Choose the reason.";
    dismiss_button: "记录：排除" / "Record: dismissed";
    and_next: "并看下一条" / "and next";
    note: "备注" / "Note";
    note_help: "选“重复”或“其他”时必填。" / "Required for “a duplicate” and “something else”.";
    undo_tab: "撤销这一决定" / "Take back this decision";
    undo_help: "撤销也会留下记录，之后可重新审核。" / "Taking back is itself recorded; then decide anew.";
    undo_button: "撤销" / "Take back";
    decided_as: "当前结论" / "Decided";
    rules_that_hit: "命中的规则" / "Rules that hit";
    cleared_hits: "经语境排除的命中" / "Hits cleared by context";
    cleared_none: "没有。" / "None.";
    effective_from: "施行" / "in force from";
    effective_to: "至" / "until";
    checked_on: "核对" / "checked on";
    liability: "法律责任" / "Liability";
    not_in_pack: "条文未收录于当前规则包" / "not in the present rule pack";
    cue: "依据原文" / "because of";
    about_ad: "广告信息" / "About the ad";
    kind: "形式" / "Kind";
    advertiser: "广告主" / "Advertiser";
    publisher: "发布者" / "Publisher";
    ad_label: "“广告”标识" / "Ad label";
    ad_label_none: "未见" / "none seen";
    not_shown: "页面未显示" / "not shown";
    landing: "落地页" / "Leads to";
    links: "文内链接" / "Links in it";
    published: "发布时间" / "Published";
    platform_ids: "平台编号" / "Platform ids";
    rule_pack: "规则包" / "Rule pack";
    contacts: "联系方式" / "Contact points";
    contacts_help: "由程序从文字、链接中提取，数字为含有同一联系方式的涉嫌违法广告数。" / "Found by the program in words and links; the number counts flagged ads with the same contact.";
    seen_where: "出现记录" / "Where it was seen";
    seen_limited: "仅列出最近的记录。" / "Only the latest are listed.";
    place: "位置" / "Place";
    capture: "网页留存" / "Capture";
    history: "审核记录" / "Decisions so far";
    history_none: "尚无决定。" / "No decision yet.";
    evidence: "证据包" / "Evidence";
    evidence_none: "尚未封存证据包。" / "No package has been sealed.";
    seal_button: "封存证据包" / "Seal an evidence package";
    seal_help: "把网页原始数据、提取笔录和命中分析写入一个可独立校验、签名的文件，并附报告（DOCX、PDF）。" / "Writes raw pages, the record and the analysis into one signed file that can be checked on its own, with a report (DOCX, PDF).";
    package_title: "证据包" / "Evidence package";
    package_custody: "保管链" / "Custody";
    package_chain_whole: "链条完整" / "chain unbroken";
    package_chain_broken: "链条不完整：记录被改动" / "chain broken: the record was changed";
    package_take: "下载证据包（.wacz）" / "Take the package (.wacz)";
    package_docx: "报告 DOCX" / "Report, DOCX";
    package_pdf: "报告 PDF" / "Report, PDF";
    package_help: "下载会记入保管链；证据包先校验再给出。" / "Taking a file is put into custody; the package is verified first.";
    package_replay: "回放网页" / "Look at its pages";
    replay_title: "证据包回放" / "Pages of the package";
    replay_help: "内容取自封存的证据包，在独立的源、无脚本、无网络的沙箱中显示；包内没有的图片、链接不显示也不可点击。每次打开先校验证据包，并记入保管链。" / "Shown from the sealed package alone, on an origin of its own, in a sandbox without scripts and network; pictures and links that the package does not have are left out. The package is verified first, and the look is put into custody.";
    replay_seen: "浏览器所见" / "As the browser saw it";
    replay_page: "收到的网页" / "As received";
    replay_picture: "整页截图" / "Picture of the page";
    replay_none: "本系统没有设置显示网页用的独立源，不能回放；管理员须设置 replay_listen、replay_origin。" / "There is no origin of its own for captured pages, so they are not shown; the administrator sets replay_listen and replay_origin.";
    rendering: "浏览器所见" / "What the browser saw";
    rendering_by: "浏览器" / "Browser";
    rendering_window: "窗口、页面" / "Window, page";
    rendering_cut: "未看完" / "Cut off";
    rendering_requests: "网络请求" / "Requests";
    rendering_steps: "操作" / "Done to see it";
    rendering_ads: "广告位" / "Ad slots";
    rendering_signs: "判为广告位的依据" / "Why it counts as one";
    rendering_refused: "被拒绝的请求" / "Requests that were refused";
    rendering_picture: "整页截图" / "Picture of the whole page";
    seal_value: "封存值" / "Seal";
    sealed_by: "封存人" / "Sealed by";
    inert: "链接已失效处理，不会被打开" / "Addresses are shown as text and lead nowhere";

    capture_title: "网页留存" / "Capture";
    capture_raw: "下载原始数据（文本附件）" / "Download the raw bytes (as a text attachment)";
    capture_raw_help: "内容来自被监测网站，按收到的字节原样保存；请勿用浏览器打开。" / "Bytes as received from the monitored site; do not open them in a browser.";
    capture_preview: "源代码预览" / "Source preview";
    capture_preview_cut: "只显示开头一段；完整内容请下载。" / "Only the beginning is shown; download for the whole.";
    requested: "请求地址" / "Requested";
    final_url: "最终地址" / "Answered from";
    redirects: "跳转" / "Redirects";
    remote: "对方地址" / "Remote address";
    answer: "响应" / "Answer";
    fetched: "起止时间" / "Fetched";
    size: "大小" / "Size";
    bytes: "字节" / "bytes";
    request_headers: "请求头" / "Request headers";
    response_headers: "响应头" / "Response headers";

    sources_title: "监测源" / "Sources";
    sources_empty: "还没有监测源。" / "There is no source yet.";
    sources_empty_next: "用 adwatch source add 添加，再运行 adwatch crawl。" / "Add one with adwatch source add, then run adwatch crawl.";
    source: "监测源" / "Source";
    schedule: "采集计划" / "Schedule";
    schedule_none: "不定时" / "none";
    last_run: "最近一次" / "Last run";
    never_run: "尚未采集" / "never";
    running: "进行中或被中断" / "running or interrupted";
    outcome: "结果" / "Outcome";
    pages: "网页" / "Pages";
    ads: "广告" / "Ads";
    new_findings: "新命中" / "New findings";
    cleared: "排除" / "Cleared";
    failed: "失败" / "Failed";
    disabled: "已停用" / "disabled";

    held_by_me: "由您审核中，占用至" / "You are working on this until";
    held_by: "正在审核这一条，占用至" / "is working on this until";
    held_help: "请等待，或在确认后接手；接手会记录。" / "Wait, or take it over; that is put on record.";
    hold_button: "开始审核（占用十分钟）" / "Hold it for ten minutes";
    take_over: "接手" / "Take over";
    held_short: "审核中" / "at work";
    skip_tab: "跳过" / "Pass over";
    skip_help: "选择跳过的理由。" / "Choose why.";
    skip_button: "跳过并看下一条" / "Pass over and go on";
    comment_tab: "意见" / "Comment";
    comment_button: "记录意见" / "Record the comment";
    commented: "意见" / "comment";
    skipped: "跳过" / "passed over";
    viewer_only: "您的角色可以查看，不能审核。" / "Your role may look, not decide.";
    undo_not_yours: "这一决定由他人作出，须由审批人员撤销。" / "Somebody else decided this; an approver can take it back.";
    key_legend: "键盘" / "Keys";
    go_title: "前往" / "Go to";
    go_label: "待审项编号、本站链接，或要搜索的文字" / "Id of a finding, a link of this site, or words to search for";

    account_title: "我的账号" / "My account";
    must_change: "这是一次性口令，请先设置自己的口令。" / "This was a one-time password. Choose your own first.";
    password_title: "口令" / "Password";
    password_old: "现在的口令" / "Present password";
    password_new: "新口令" / "New password";
    password_new_help: "至少 10 个字符，可以是一句话。" / "At least 10 characters; a sentence will do.";
    password_repeat: "再输入一次新口令" / "New password once more";
    password_differs: "两次输入的新口令不一样。" / "The two new passwords differ.";
    password_button: "更改口令" / "Change the password";
    done_password: "口令已更改，其他登录已退出。" / "The password is changed; other sessions ended.";
    totp_title: "两步验证" / "Two-step login";
    totp_on: "已启用：登录时须填写手机上的验证码。" / "On: login asks for the code on your phone.";
    totp_off: "未启用。" / "Off.";
    totp_steps: "在手机的验证器应用里添加账号，手工输入下面的密钥（基于时间，6 位，30 秒），再填入它显示的验证码。" / "Add an account in an authenticator app with the key below (time-based, 6 digits, 30 seconds), then enter the code it shows.";
    totp_key: "密钥" / "Key";
    totp_code: "验证码" / "Code";
    totp_on_button: "启用" / "Turn on";
    totp_off_button: "停用" / "Turn off";
    done_totp_on: "两步验证已启用。" / "Two-step login is on.";
    done_totp_off: "两步验证已停用。" / "Two-step login is off.";
    sessions_title: "已登录的设备" / "Where you are logged in";
    session_this: "当前" / "this one";
    session_seen: "最近使用" / "last used";
    session_end: "退出" / "End";
    tokens_title: "访问令牌" / "Access tokens";
    tokens_help: "程序凭令牌以你的名义使用接口 /api/v1，权限不超出你的角色；所做的一切照样记入审计。接口说明：" / "With a token, a program uses /api/v1 in your name, within your role; what it does is on record as yours. The interface:";
    token_made: "新令牌（只显示这一次）：" / "The new token, shown only now:";
    token_valid: "有效" / "valid";
    token_ended: "已失效" / "ended";
    token_used: "最近使用" / "last used";
    token_unused: "尚未使用" / "never used";
    token_revoke: "吊销" / "Revoke";
    token_name: "用途" / "What it is for";
    token_days: "有效天数（最多 730）" / "Days it lives (at most 730)";
    token_scope: "可以做什么" / "What it may do";
    token_add: "新增令牌" / "Make a token";
    token_no_scope: "至少选择一项权限。" / "Choose at least one permission.";
    token_no_days: "有效天数须为 1–730。" / "1 to 730 days.";
    done_token: "令牌已吊销。" / "The token was revoked.";
    done_session: "已退出该处登录。" / "That session ended.";

    users_title: "账号" / "Accounts";
    user_name: "姓名（即用户名）" / "Name (also for login)";
    user_name_help: "记入其每一项决定。" / "Recorded with each decision.";
    user_role: "角色" / "Role";
    user_add: "新增账号" / "Add an account";
    user_state: "状态" / "State";
    user_created: "创建" / "Made";
    user_new: "待首次登录" / "not logged in yet";
    user_active: "正常" / "active";
    user_disabled: "已停用" / "disabled";
    user_totp: "两步验证" / "two-step";
    user_set_role: "更改" / "Set";
    user_reset: "重置口令" / "Reset password";
    user_disable: "停用" / "Disable";
    user_enable: "恢复" / "Enable";
    user_end: "退出其登录" / "End sessions";
    user_given: "的一次性口令（只显示这一次）：" / "has this one-time password, shown only now:";
    user_given_help: "请当面或以其他渠道转交，首次登录须更改。" / "Hand it over in person; it must be changed at first login.";
    roles_title: "角色权限" / "What each role may do";
    actions: "操作" / "Actions";
    yes: "可以" / "yes";
    no: "不可以" / "no";
    done_user: "已更改。" / "Done.";

    audit_title: "审计记录" / "Audit";
    audit_lead: "只增不改，每条记录以散列值与前一条相连。" / "Only ever added to; each entry is linked to the one before by its hash.";
    audit_actor: "人员" / "Who";
    audit_action: "操作" / "What";
    audit_object: "对象" / "About";
    audit_at: "时间" / "When";
    audit_detail: "详情" / "Details";
    audit_empty: "没有符合条件的记录。" / "No entry matches.";
    audit_verify: "校验全部记录" / "Check the whole chain";
    audit_csv: "导出 CSV" / "Export CSV";
    audit_jsonl: "导出 JSONL（可校验）" / "Export JSONL (checkable)";
    audit_older: "更早的记录" / "Older entries";

    done_accept: "已记录：涉嫌违法。" / "Recorded: suspected.";
    done_dismiss: "已记录：排除。" / "Recorded: dismissed.";
    done_undo: "已撤销，恢复为待审。" / "Taken back; pending again.";
    done_skip: "已跳过，理由已记录。" / "Passed over; the reason is recorded.";
    done_comment: "意见已记录。" / "The comment is recorded.";
    done_seal: "证据包已封存。封存值：" / "The evidence package is sealed. Seal: ";

    nav_leads: "线索" / "Leads";
    leads_title: "线索" / "Leads";
    leads_open: "未办结" / "Open";
    leads_overdue: "已超期" / "Overdue";
    leads_empty: "没有这样的线索。" / "There is no such lead.";
    leads_empty_next: "在审核队列中认定涉嫌违法后，线索自动登记并开始计算期限。" / "Accepting a finding registers a lead and starts its clock.";
    lead: "线索" / "Lead";
    lead_due: "期限" / "Due";
    lead_assumed: "假日安排未公布，暂定" / "assumed: holidays not announced";
    lead_opened: "登记" / "Registered";
    lead_finding: "来自待审项" / "From finding";
    lead_steps: "办理记录" / "Steps so far";
    lead_next: "下一步" / "Next step";
    lead_done: "已办结，没有待办事项。" / "Nothing remains to be done.";
    step_button: "记录" / "Record";
    nav_cases: "案件" / "Cases";
    cases_title: "案件" / "Cases";
    cases_empty: "没有这样的案件。" / "There is no such case.";
    cases_empty_next: "线索立案后成为案件。" / "A lead becomes a case when it is filed.";
    case: "案件" / "Case";
    case_filed: "立案" / "Filed";
    case_number: "案号" / "Number";
    case_party: "当事人" / "Party";
    case_officers: "办案人员" / "Officers";
    case_ruling: "处理决定" / "Decision";
    case_from: "来自线索" / "From lead";
    duties_title: "期限" / "Deadlines";
    duty_name: "事项" / "Duty";
    duty_owner: "责任方" / "Whose";
    duty_none: "没有法定期限的事项按本单位安排。" / "no rule; a reminder of this office";
    referrals_title: "移送、函告" / "Referrals";
    referral_receipt: "回执" / "Receipt";
    referral_answer: "反馈" / "Answer";
    tasks_title: "协查、登记保存、查封扣押" / "Assistance, preservation, seizure";
    rechecks_title: "整改复查" / "Rechecks";
    recheck_button: "立即复查" / "Look again now";
    recheck_none: "还没有复查过。责令停止发布后，到期自动复查。" / "Not looked at again yet. After an order it happens by itself.";
    done_recheck: "已复查，页面数：" / "Looked again; pages: ";
    repeat_title: "同一当事人两年内" / "The same party within two years";
    repeat_none: "广告中没有可以确定当事人的信用代码或者名称。" / "The ad names no party that is certain.";
    repeat_acts: "认定涉嫌违法的广告" / "Ads found suspect";
    repeat_penalties: "行政处罚" / "Penalties";
    routing_title: "去向建议" / "Where it may have to go";
    routing_own: "发布者所在地属于本单位辖区。" / "The publisher is registered in this office's district.";
    routing_unknown: "页面没有显示发布者的登记地；可在 patterns/routing.toml 登记。" / "The page does not say where its publisher is registered; patterns/routing.toml may.";
    routing_help: "仅供参考，由承办人判断。" / "Proposals only; people decide.";
    letters_title: "文书" / "Letters and forms";
    letter_draft: "草稿" / "Draft";
    letter_blanks: "处未填，不得外发" / "blanks; not to be sent";
    letter_fill: "填写" / "Fill in";
    letter_missing: "未填" / "missing";
    letter_show: "预览" / "Preview";
    letter_issue: "制发并留存" / "Issue and keep";
    letter_issue_help: "制发后文件留存，并记入办理记录。" / "The file is kept and the step recorded.";
    letter_not_issue: "制发须由审批角色办理。" / "Approvers issue letters.";
    done_letter: "已制发：" / "Issued: ";
    done_step: "已记录：" / "Recorded: ";

    error_title: "没有完成" / "This did not work";
    error_not_found: "这里没有内容，可能已被移除或链接有误。" / "There is nothing here; it was removed or the link is wrong.";
    error_not_found_next: "从队列重新打开。" / "Open it again from the queue.";
    error_method: "这个地址不接受这样的请求。" / "This address does not take such a request.";
    error_forbidden_next: "请向管理员申请权限。" / "Ask the administrator for the permission.";
    error_conflict: "有人先改了这一条，或者它的状态已变。" / "Someone else was first, or the state has changed.";
    error_conflict_next: "刷新后再看一遍再决定。" / "Reload, look again, then decide.";
    error_invalid: "填写的内容有问题。" / "Something was filled in wrongly.";
    error_invalid_next: "返回上一页修改。" / "Go back and correct it.";
    error_internal: "系统内部出错，没有写入任何决定。" / "Something failed inside; no decision was written.";
    error_internal_next: "稍后再试；如再次出现，请把下面的编号告诉管理员。" / "Try again later; if it happens again, give the number below to the administrator.";
    error_origin: "请求不是从本应用的页面发出的，已拒绝。" / "The request did not come from a page of this application and was refused.";
    error_origin_next: "从队列打开页面后重试。" / "Open the page from the queue and try again.";
    error_csrf: "页面已过期，内容没有提交。" / "The page was stale; nothing was submitted.";
    error_csrf_next: "刷新页面后重试。" / "Reload the page and try again.";
    error_host: "不认识这个主机名。" / "This host name is not ours.";
    error_host_next: "请用 127.0.0.1 或者配置中的主机名访问。" / "Use 127.0.0.1 or a host name from the configuration.";
    error_login: "请先登录。" / "Please log in first.";
    request_id: "请求编号" / "Request number";
}
