//! What is done with an offer: taken, joined to what is on its way already, ignored with a reason, or queued behind the
//! upgrade in hand. It judges no bytes.

use std::time::Duration;

use crate::component::{Component, Standing, Waiting};
use crate::contract::{Offer, Source};
use crate::effect::Answer;
use crate::folder;
use crate::happening::Happening;
use crate::id::{Digest, RequestId, UpgradeId};
use crate::reason::{Cause, Refusal, Step};
use crate::receipt::{Outcome, VersionRef};
use crate::turn::{Alarm, Turn};
use crate::upgrade::receipt::Draft;

/// Files that are dropped together come within this time, and the newest of them wins before any is begun.
const DROPPED_TOGETHER: Duration = Duration::from_millis(20);

/// Versions older than the current one that may be in service with those who have not gone over. An upgrade that could
/// make it more waits: who comes to no boundary must not make a host hold ever more code.
const OLDER: usize = 4;

impl Component {
    /// Bytes lie in the store, and somebody wants them to run.
    pub fn offered(&mut self, offer: Offer, request: Option<RequestId>, turn: &mut Turn<'_>) {
        let is_replaced = offer.source.file().is_some_and(|file| self.no_longer_holds(file));
        if !is_replaced && !folder::is_news(&turn.ledger.table, &offer) {
            turn.let_go.push(offer.digest);
            return;
        }
        if offer.is_trial
            && let Some(refusal) = self.is_busy()
        {
            turn.let_go.push(offer.digest);
            return turn.answer(request, &Answer::Refused(refusal));
        }
        if let Some(id) = self.joined(&offer, turn) {
            return turn.answer(request, &Answer::Upgrade(id));
        }
        if self.is_current(offer.digest) {
            self.supersede_waiting("the bytes that are current were offered again", turn);
            let why = format!("{} runs these bytes already ({})", self.name, self.label(offer.digest));
            return self.ignore(&offer, request, Answer::Nothing(why.clone()), why, turn);
        }
        if let Some(refusal) = self.stands_refused(&offer, turn) {
            let why = format!("refused before: {refusal}; `deploy` tries again");
            return self.ignore(&offer, request, Answer::Refused(refusal), why, turn);
        }
        let id = turn.ledger.next_upgrade();
        turn.answer(request, &Answer::Upgrade(id));
        let label = offer.name_label.clone().unwrap_or_else(|| offer.digest.short());
        let to = VersionRef { digest: offer.digest, label };
        let mut draft = Draft::new(id, self.name.clone(), to, offer.source.clone(), turn.wall);
        draft.from = turn.ledger.current(&self.name);
        self.queue(offer, draft, turn);
    }

    /// Why nothing can be tried now: a trial takes nobody's turn, and ends no other upgrade.
    fn is_busy(&self) -> Option<Refusal> {
        let waiting = self.waiting.as_ref().map(|waiting| waiting.draft.id);
        let id = self.upgrade.as_ref().map(|upgrade| upgrade.draft.id).or(waiting)?;
        let words = format!("upgrade {id} of {} is not over; try again when it is", self.name);
        Some(Refusal::new(Step::Staged, "try", Cause::Surroundings, words))
    }

    /// A file holds other bytes than those that are on their way from it. Says whether there are any.
    fn no_longer_holds(&mut self, file: &str) -> bool {
        let waiting = self.waiting.as_mut().map(|waiting| &mut waiting.draft);
        let drafts = waiting.into_iter().chain(self.upgrade.as_mut().map(|upgrade| &mut upgrade.draft));
        drafts.filter_map(|draft| draft.files.take(file)).count() > 0
    }

    /// The upgrade that this offer is already on its way by.
    fn joined(&mut self, offer: &Offer, turn: &mut Turn<'_>) -> Option<UpgradeId> {
        let file = offer.source.file().map(str::to_owned);
        let is_same = |other: &Offer| {
            (other.digest, other.strategy, other.is_trial) == (offer.digest, offer.strategy, offer.is_trial)
        };
        if let Some(waiting) = self.waiting.as_mut().filter(|waiting| is_same(&waiting.offer)) {
            waiting.draft.files.extend(file);
            return Some(waiting.draft.id);
        }
        let upgrade = self.upgrade.as_mut().filter(|upgrade| upgrade.is_before_publish())?;
        if !is_same(&upgrade.offer) || upgrade.is_turning_back() {
            return None;
        }
        upgrade.draft.files.extend(file);
        let id = upgrade.draft.id;
        self.supersede_waiting("the upgrade in hand was offered again", turn);
        Some(id)
    }

    fn is_current(&self, digest: Digest) -> bool {
        self.current == Some(digest) && self.upgrade.as_ref().is_none_or(|upgrade| !upgrade.is_before_publish())
    }

    fn stands_refused(&self, offer: &Offer, turn: &mut Turn<'_>) -> Option<Refusal> {
        match offer.source {
            Source::Folder { .. } => folder::verdict(&turn.ledger.table, &self.name, offer.digest).cloned(),
            Source::Deploy { .. } => {
                turn.ledger.edit(|table| folder::acquit(table, &self.name, offer.digest));
                None
            }
        }
    }

    fn ignore(&self, offer: &Offer, request: Option<RequestId>, answer: Answer, why: String, turn: &mut Turn<'_>) {
        let (Source::Folder { file: name } | Source::Deploy { from: name }) = &offer.source;
        turn.tell(Happening::Ignored { component: Some(self.name.clone()), file: name.clone(), why });
        turn.answer(request, &answer);
        offer
            .source
            .file()
            .into_iter()
            .for_each(|file| turn.ledger.edit(|table| folder::see(table, file, offer.digest)));
        turn.let_go.push(offer.digest);
    }

    /// The newest waits, whatever else waited is superseded; what is only waiting to drain is over now.
    fn queue(&mut self, offer: Offer, draft: Draft, turn: &mut Turn<'_>) {
        let is_file = |offer: &Offer| matches!(offer.source, Source::Folder { .. });
        let rival = match (&self.waiting, &self.upgrade) {
            (Some(waiting), _) => Some(&waiting.offer),
            (None, Some(upgrade)) if upgrade.is_before_publish() && is_file(&upgrade.offer) && is_file(&offer) => {
                Some(&upgrade.offer)
            }
            (None, _) => None,
        };
        if rival.is_some_and(|rival| !folder::is_newer(&offer, rival)) {
            turn.let_go.push(offer.digest);
            return draft.finish(Outcome::Superseded, Some("a newer version was offered before it".to_owned()), turn);
        }
        self.supersede_waiting("a newer version was offered", turn);
        let ripe = if is_file(&offer) { turn.now + DROPPED_TOGETHER } else { turn.now };
        self.waiting = Some(Waiting { offer, draft, ripe, is_told: false });
        if self.upgrade.as_ref().is_some_and(|upgrade| !upgrade.is_before_publish()) {
            self.finish(Outcome::Superseded, Some("a newer version was offered".to_owned()), turn);
        }
        self.begin_next(turn);
    }

    pub fn supersede_waiting(&mut self, why: &str, turn: &mut Turn<'_>) {
        if let Some(waiting) = self.waiting.take() {
            turn.let_go.push(waiting.offer.digest);
            waiting.draft.finish(Outcome::Superseded, Some(why.to_owned()), turn);
        }
    }

    /// Begins what waits, when nothing else is in hand.
    pub fn begin_next(&mut self, turn: &mut Turn<'_>) {
        let is_free = self.upgrade.is_none() && matches!(self.standing, Standing::Present) && !turn.ending;
        let Some(mut waiting) = self.waiting.take_if(|_| is_free) else {
            return;
        };
        if turn.now < waiting.ripe {
            turn.wake(waiting.ripe, Alarm::Upgrade(self.name.clone()));
            self.waiting = Some(waiting);
            return;
        }
        if let Some(reason) = self.is_crowded(waiting.offer.digest) {
            if !std::mem::replace(&mut waiting.is_told, true) {
                let (component, upgrade, label) = (self.name.clone(), waiting.draft.id, waiting.draft.label());
                turn.tell(Happening::Waiting { component, upgrade, label, reason });
            }
            self.waiting = Some(waiting);
            return;
        }
        self.begin(waiting.offer, waiting.draft, turn);
    }

    /// Why an upgrade to this version must wait: as many older ones as there may be are in service, each named with who
    /// holds it.
    pub fn is_crowded(&self, to: Digest) -> Option<String> {
        let older = self.older(to);
        if older.len() < OLDER || self.current == Some(to) {
            return None;
        }
        let held: Vec<String> = older.iter().map(|digest| self.held(*digest)).collect();
        let words = "older versions are still in service, the most there may be";
        Some(format!("{} {words}: {}; it begins when one of them is gone", older.len(), held.join(", ")))
    }

    fn held(&self, digest: Digest) -> String {
        let mut on_it = self.actors.iter().filter(|(_, actor)| actor.version == digest && actor.is_embodied());
        let holders = match (on_it.next(), on_it.count()) {
            (None, _) => "calls or messages in flight".to_owned(),
            (Some((one, _)), 0) => self.address(one).to_string(),
            (Some((one, _)), more) => format!("{} and {more} more", self.address(one)),
        };
        format!("{} ({holders})", self.label(digest))
    }
}
