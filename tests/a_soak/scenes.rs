//! What the operator does, in turn: up, down, back, refused, turned back, overtaken, begun anew, over HTTP and by the folder.

use std::time::{Duration, Instant};

use serde_json::json;

use super::cast::{self, STAGE, STILL};
use super::line::Line;
use super::operator::{Offer, Operator, Outcomes, SETTLED};
use crate::support::recording::Asked;

/// Every one of these is refused beside a counter that lives.
const REFUSED: [&str; 13] = [
    "change-errs",
    "save-loops",
    "change-traps",
    "never-left",
    "save-errs",
    "change-loops",
    "init-traps",
    "save-huge",
    "unhealthy",
    "version-forgotten",
    "save-lies",
    "change-allocates",
    "save-garbage",
];

/// Every one of these is taken, and shows when it is at work, or is to be left: what comes of the next version then.
const TAKEN: [(&str, &str, Outcomes); 8] = [
    ("live-save-errs", NEXT, &["refused"]),
    ("live-save-traps", NEXT, &["refused"]),
    // Whether its time is over first, or the patience with it.
    ("live-save-loops", NEXT, &["partial", "refused"]),
    ("live-save-slow", NEXT, &["partial"]),
    ("increment-traps", NEXT, SETTLED),
    ("init-errs", NEXT, SETTLED),
    ("init-slow", NEXT, SETTLED),
    ("no-way-back", "counter-v1", &["refused"]),
];

/// What these can be replaced by: it has the same exports, and takes over every total but 13.
const NEXT: &str = "counter-change-errs-on-13";

/// What works on stage is waited for so long, in milliseconds.
const WORK: u64 = 700;
/// Notes that wait behind a hold.
const ROW: u32 = 6;

/// Where the operator is.
#[derive(Default)]
pub struct Play {
    turn: usize,
    refused: usize,
    taken: usize,
    service: usize,
    rows: u32,
    is_second: std::collections::BTreeMap<&'static str, bool>,
    /// What was current of the witness before.
    older: Option<Offer>,
}

type Done = Result<(), String>;

impl Play {
    pub fn next(&mut self, operator: &mut Operator<'_>) -> Done {
        let turn = self.turn;
        self.turn += 1;
        match turn % 15 {
            0 => self.put_other(operator, "witness"),
            1 => self.a_row_behind_a_hold(operator),
            2 => self.refused(operator, true),
            3 => self.deploy_other(operator, "ledger"),
            4 => self.turned_back(operator),
            5 => self.next_greeting(operator, false),
            6 => self.deploy_other(operator, "witness"),
            7 => self.refused(operator, false),
            8 => self.put_other(operator, "counter"),
            9 => self.overtaken(operator),
            10 => self.taken_and_left(operator),
            11 => self.begun_anew(operator),
            12 => self.next_greeting(operator, true),
            13 => self.back_to_older_bytes(operator),
            _ => self.put_other(operator, "ledger"),
        }
    }

    /// Up to the second version of the component's code, or down to the first one.
    fn other(&mut self, component: &'static str) -> String {
        let is_second = self.is_second.entry(component).or_default();
        *is_second = !*is_second;
        let guest = if component == "scribe" { "witness" } else { component };
        format!("{guest}-v{}", if *is_second { 2 } else { 1 })
    }

    fn put_other(&mut self, operator: &mut Operator<'_>, component: &'static str) -> Done {
        let guest = self.other(component);
        let offer = operator.offer(component, &guest);
        if component == "witness" {
            self.older = Some(offer.clone());
        }
        operator.put(offer, SETTLED)?;
        operator.is_purged(component)
    }

    fn deploy_other(&mut self, operator: &mut Operator<'_>, component: &'static str) -> Done {
        let guest = self.other(component);
        let offer = operator.offer(component, &guest);
        operator.deploy(offer, "", SETTLED)?;
        operator.is_purged(component)
    }

    fn next_greeting(&mut self, operator: &mut Operator<'_>, in_folder: bool) -> Done {
        self.service += 1;
        let service = cast::SERVICES[self.service % cast::SERVICES.len()];
        let offer = operator.offer(service, "greeter-v1");
        if in_folder {
            operator.put(offer, SETTLED)?
        } else {
            operator.deploy(offer, "", SETTLED)?
        }
        operator.is_purged(service)
    }

    /// A bad version changes nothing.
    fn refused(&mut self, operator: &mut Operator<'_>, in_folder: bool) -> Done {
        let fault = REFUSED[self.refused % REFUSED.len()];
        self.refused += 1;
        let before = operator.host.state(STILL);
        let offer = operator.offer("counter", &format!("counter-{fault}"));
        if in_folder {
            operator.put(offer, &["refused"])?
        } else {
            operator.deploy(offer, "", &["refused"])?
        }
        if operator.host.state(STILL) != before {
            return Err(format!("{STILL} holds something else after {fault} was refused"));
        }
        operator.is_purged("counter")
    }

    /// On a machine that is busy with other things the work may be over before all are there: then it is longer.
    fn a_row_behind_a_hold(&mut self, operator: &mut Operator<'_>) -> Done {
        for work in [WORK, 2 * WORK, 6 * WORK] {
            if self.all_wait_in_a_row(operator, work)? {
                break;
            }
        }
        Ok(())
    }

    /// Notes of which each is accepted before the next is sent wait behind a hold, and one whose sender gives up. Says
    /// whether they did.
    fn all_wait_in_a_row(&mut self, operator: &mut Operator<'_>, work: u64) -> Result<bool, String> {
        let guest = self.other("scribe");
        let mut offer = operator.offer("scribe", &guest);
        operator.tried(&offer)?;
        self.rows += 1;
        let row = self.rows;
        let work = at_work(operator, work)?;
        let older = operator.host.actor(STAGE)["digest"].clone();
        let id = operator.begin(&mut offer, "")?;
        let before = (0..cast::SCRIBES).rev().map(|n| cast::actor("scribe", n));
        for scribe in before {
            operator.host.until("it has gone over", |host| work.is_over() || host.actor(&scribe)["digest"] != older);
        }
        // It is its turn now, and it works: whoever calls from here on waits behind its hold.
        let notes = (1..=ROW).map(|place| {
            let line = Line::new(operator.host, &format!("row {row} place {place}"));
            let note = operator.calling(line, STAGE, Asked::Note(1), Some((row, place)));
            operator.host.until("it waits, or is answered", |host| {
                note.is_over() || host.actor(STAGE)["mailbox"].as_u64() >= Some(u64::from(place))
            });
            note
        });
        let notes: Vec<_> = notes.collect();
        let hasty = Line::within(operator.host, &format!("hasty {row}"), "50ms");
        let hasty = operator.calling(hasty, STAGE, Asked::Note(1), None);
        operator.hear(hasty);
        let all_wait = !work.is_over();
        let held = if all_wait { u64::from(ROW) } else { 0 };
        operator.hear(work);
        notes.into_iter().for_each(|note| _ = operator.hear(note));
        operator.await_receipt(id, offer, SETTLED, held)?;
        operator.is_purged("scribe")?;
        Ok(all_wait)
    }

    /// All but one have gone over, and go back when somebody asks.
    fn turned_back(&mut self, operator: &mut Operator<'_>) -> Done {
        let guest = self.other("scribe");
        let mut offer = operator.offer("scribe", &guest);
        operator.tried(&offer)?;
        let work = at_work(operator, WORK)?;
        let id = operator.begin(&mut offer, "")?;
        let first = cast::actor("scribe", 0);
        let older = operator.host.actor(&first)["digest"].clone();
        operator.host.until("one has gone over", |host| work.is_over() || host.actor(&first)["digest"] != older);
        let has_gone_over = operator.host.actor(&first)["digest"] != older;
        let is_asked = operator.host.post("/v1/components/scribe/turn-back", &[]).status == 204;
        operator.hear(work);
        // On a machine that is busy with other things it may be over before that, or not have begun.
        let outcomes: Outcomes = match (is_asked, has_gone_over) {
            (true, true) => &["rolled-back"],
            (true, false) => &["rolled-back", "refused"],
            (false, _) => SETTLED,
        };
        operator.await_receipt(id, offer, outcomes, 0)?;
        if is_asked {
            _ = self.other("scribe");
        }
        operator.is_purged("scribe")
    }

    /// While one is waited for, a second version waits, and a third takes its place.
    fn overtaken(&mut self, operator: &mut Operator<'_>) -> Done {
        let guests = [self.other("scribe"), self.other("scribe"), self.other("scribe")];
        let [mut first, mut second, mut third] = guests.map(|guest| operator.offer("scribe", &guest));
        operator.tried(&first)?;
        let work = at_work(operator, WORK)?;
        let first_id = operator.begin(&mut first, "")?;
        let second_id = operator.begin(&mut second, "")?;
        let third_id = operator.begin(&mut third, "")?;
        operator.hear(work);
        operator.await_receipt(first_id, first, &["settled", "superseded"], 0)?;
        operator.await_receipt(second_id, second, &["superseded", "settled"], 0)?;
        operator.await_receipt(third_id, third, SETTLED, 0)?;
        operator.is_purged("scribe")
    }

    /// Each scribe in turn is told to begin anew; then all of them are, by a new version.
    fn begun_anew(&mut self, operator: &mut Operator<'_>) -> Done {
        operator.renew(&cast::actor("scribe", self.turn % cast::SCRIBES))?;
        operator.renew(&cast::actor("witness", self.turn % cast::WITNESSES))?;
        let guest = self.other("scribe");
        let offer = operator.offer("scribe", &guest);
        let began = Instant::now();
        operator.deploy(offer, "&strategy=restart", SETTLED)?;
        let scribes = (0..cast::SCRIBES).map(|n| cast::actor("scribe", n));
        scribes.chain([STAGE.to_owned()]).for_each(|scribe| operator.renewed(&scribe, began));
        operator.is_purged("scribe")
    }

    /// The very bytes of the version before this one.
    fn back_to_older_bytes(&mut self, operator: &mut Operator<'_>) -> Done {
        let Some(offer) = self.older.take() else { return Ok(()) };
        _ = self.other("witness");
        operator.deploy(offer, "", SETTLED)?;
        operator.is_purged("witness")
    }

    /// A patient is given a version that is taken and turns out to be bad, and is healed of it.
    fn taken_and_left(&mut self, operator: &mut Operator<'_>) -> Done {
        let (fault, next, outcomes) = TAKEN[self.taken % TAKEN.len()];
        self.taken += 1;
        let offer = operator.offer("patient", &format!("counter-{fault}"));
        operator.deploy(offer, "", SETTLED)?;
        // It shows when it is at work; what is answered is that fault's.
        operator.host.try_call("patient", "increment", json!([1]));
        let offer = operator.offer("patient", next);
        operator.deploy(offer, "", outcomes)?;
        let answer = operator.host.post("/v1/actors/patient/restart", &[]);
        if answer.status != 204 {
            return Err(format!("the patient was not begun anew after {fault}: {answer:?}"));
        }
        let until = Instant::now() + Duration::from_secs(20);
        while operator.roles("patient") != ["current"] {
            if Instant::now() > until {
                return Err(format!("of the patient there are versions {:?} after {fault}", operator.roles("patient")));
            }
        }
        let offer = operator.offer("patient", "counter-v2");
        operator.deploy(offer, "&strategy=restart", SETTLED)?;
        operator.is_purged("patient")
    }
}

/// The one on stage, in the middle of a message.
fn at_work(operator: &Operator<'_>, ms: u64) -> Result<super::operator::Calling, String> {
    let line = Line::new(operator.host, "operator");
    let work = operator.calling(line, STAGE, Asked::Work(ms), None);
    operator.host.until("it works", |host| work.is_over() || host.actor(STAGE)["state"] == "running");
    if work.is_over() { Err(format!("{STAGE} did not work")) } else { Ok(work) }
}
