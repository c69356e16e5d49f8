"""The words of one step as its page edits them: checked, and saved over nobody else's words unseen."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.db import reading
from core.models.tables import settings_versions
from core.own_words import MessageStep, OwnWords, Wording
from core.wording import FIELDS, LANGUAGES, Fault, cleaned, fault_of
from engine.changes import ChangedMeanwhile, save_flow
from engine.machine import Machine
from engine.shop_settings import Saved, flow_settings, settings_at
from engine.words import Words, words_for
from flows.flow import Flow

Typed = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class StepWords:
    """One step and what it says: `own` is the merchant's, `ours` stands where she wrote nothing."""

    number: int
    version: int
    step: MessageStep
    own: Typed
    ours: Typed

    @property
    def has_offer(self) -> bool:
        return self.step.incentive != "none"

    @property
    def fields(self) -> tuple[str, ...]:
        """The texts this message has, in their order in the mail."""
        return tuple(field for field in FIELDS if field in self.ours["en"])


class Conflict(Exception):
    """A colleague has changed this very step meanwhile; `now` is what it says since."""

    def __init__(self, now: StepWords, by: str) -> None:
        super().__init__(f"{by} has changed this step meanwhile")
        self.now, self.by = now, by


class Faulty(ValueError):
    """Texts that cannot be sent, by language and field."""

    def __init__(self, faults: Mapping[tuple[str, str], Fault]) -> None:
        super().__init__("these texts cannot be sent")
        self.faults = faults


def words_of_step(session: Session, merchant_id: int, flow: Flow, number: int) -> StepWords | None:
    """None where the flow has no such step."""
    saved = flow_settings(session, merchant_id, flow)
    if not 1 <= number <= len(saved.settings.messages):
        return None
    return _of(flow, saved, number)


def faults_in(typed: Typed, *, offer: bool) -> dict[tuple[str, str], Fault]:
    """What is wrong with what was typed, by language and field."""
    found = {
        (language, field): fault_of(field, cleaned(text), offer=offer)
        for language in LANGUAGES
        for field, text in typed.get(language, {}).items()
    }
    return {where: fault for where, fault in found.items() if fault is not None}


def save(
    machine: Machine, merchant_id: int, flow: Flow, number: int, typed: Typed, seen: int, by: str
) -> StepWords:
    """Save what was typed for one step, on top of whatever else was saved
    meanwhile. Raises Faulty, Conflict, and IndexError where the step is gone."""
    while True:
        with reading(machine.db) as session:
            saved = flow_settings(session, merchant_id, flow)
            _refuse_conflict(session, merchant_id, flow, number, saved, seen)
        now = _of(flow, saved, number)
        words = {language: _kept(now, typed, language) for language in LANGUAGES}
        _refuse_faults(now, words)
        told = OwnWords(**{language: Wording(**said) for language, said in words.items()})
        data = saved.settings.reworded(number, told).model_dump(mode="json")
        try:
            save_flow(machine, merchant_id, flow, data, by, seen=saved.version)
        except ChangedMeanwhile:
            continue
        return StepWords(number, saved.version + 1, now.step, words, now.ours)


def _of(flow: Flow, saved: Saved, number: int) -> StepWords:
    step = saved.settings.messages[number - 1]
    words = step.words or OwnWords()
    own = {language: words.said(language) for language in LANGUAGES}
    return StepWords(number, saved.version, step, own, _ours(flow, step))


def _ours(flow: Flow, step: MessageStep) -> dict[str, Words]:
    offer = step.incentive != "none"
    return {language: words_for(flow.key, step.content, language, offer=offer) for language in LANGUAGES}


def _kept(now: StepWords, typed: Typed, language: str) -> dict[str, str]:
    """What was typed in this language; a language that was not on the page stays as it is. What
    says the same as ours is ours, and follows it when we say it better one day."""
    if language not in typed:
        return dict(now.own[language])
    told = {field: cleaned(text) for field, text in typed[language].items() if field in now.fields}
    kept = {field: text for field, text in told.items() if text != now.ours[language][field]}
    elsewhere = {field: text for field, text in now.own[language].items() if field not in now.fields}
    return {field: text for field, text in {**elsewhere, **kept}.items() if text}


def _refuse_faults(now: StepWords, words: Typed) -> None:
    """Texts that are not on the page of this step are not asked about."""
    shown = {
        language: {field: text for field, text in said.items() if field in now.fields}
        for language, said in words.items()
    }
    faults = faults_in(shown, offer=now.has_offer)
    if faults:
        raise Faulty(faults)


def _refuse_conflict(
    session: Session, merchant_id: int, flow: Flow, number: int, saved: Saved, seen: int
) -> None:
    """Other steps and other settings may have changed; this step may not have."""
    if number > len(saved.settings.messages):
        raise IndexError(number)
    if saved.version == seen:
        return
    before = settings_at(session, merchant_id, flow, seen).messages if seen else flow.Settings().messages
    same = number <= len(before) and before[number - 1] == saved.settings.messages[number - 1]
    if not same:
        raise Conflict(_of(flow, saved, number), _who_saved(session, merchant_id, flow, saved.version))


def _who_saved(session: Session, merchant_id: int, flow: Flow, version: int) -> str:
    mine = (settings_versions.c.merchant_id == merchant_id, settings_versions.c.scope == flow.key)
    found = select(settings_versions.c.saved_by).where(*mine, settings_versions.c.version == version)
    return str(session.execute(found).scalar_one())
