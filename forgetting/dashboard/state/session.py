"""What one visitor has: a recipe that the address bar mirrors, an uploaded file, a training run, a trained model.

Nothing here draws. The rules of the address: the session's recipe is decoded from it on the first run, and again on
Back and Forward; every change of a control goes into the recipe first, and from there into the address. What changed
the recipe since the run before, whatever it was, is one step that can be undone. The Overview without any parameter
opens with the recipe OPENING, whose parameters are then written; there the defaults are written out, too. Every other
page without parameters has the defaults, as links to it always had. Where an address names another kind of network and
nothing of what is randomized, it opens with the randomization of that kind's OPENINGS, unless it names the protocol.

The guided story shows states of its own. Its address holds the number of a scene; the visitor's own recipe and model
wait meanwhile, and links to other pages carry that recipe. So it is the address, again, that says which recipe goes on
where the story is left. It also says whether a page is presented, so that Back ends a presentation; no link carries
that on to another page.
"""

from __future__ import annotations

import math
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import streamlit as st

from forgetting.core.errors import RecipeError
from forgetting.core.settings import Settings, format_value, is_names
from forgetting.data.original import ORIGINAL_SHA256
from forgetting.data.reading import ReadingSettings
from forgetting.model.settings import TrainingSettings
from forgetting.recipe import url
from forgetting.recipe.recipe import MODERN, OPENING, OPENINGS, Recipe

if TYPE_CHECKING:
    import torch

    from forgetting.dashboard.state.runs import RestedComparison, VisitorRuns
    from forgetting.experiment.published import PublishedRun
    from forgetting.experiment.results import Trained
    from forgetting.experiment.saved import SavedModel
    from forgetting.model.split import Split
    from forgetting.model.trainer import Trainer

PREFIX = "setting:"  # of the keys of controls that write the recipe
LEAVES = Recipe.leaves()
LATE = 1.0  # seconds for which an older address may still come from the browser after a new one was written
STORY, SCENE = "story", "scene"  # the page of the guided story, and the parameter of its address
PRESENT, PRESENTED = "present", "1"  # the parameter of a page that is presented, and its value
LIKELY = ("data.text_column", "data.label_column")  # settings whose empty value stands for what the file makes likely


@dataclass(frozen=True, eq=False)
class Content:
    """The bytes of an uploaded file, which all sessions share that have uploaded the same.

    Attributes:
        data: The bytes.
        sha256: Their SHA-256, as 64 hexadecimal digits.
    """

    data: bytes
    sha256: str


@dataclass(frozen=True, eq=False)
class Upload:
    """A file that a visitor has uploaded. It stays as it came, so that it can be read in another way.

    Attributes:
        source: The name that the visitor gave it.
        content: What is in it.
    """

    source: str
    content: Content

    @property
    def sha256(self) -> str:
        """SHA-256 of its bytes, as 64 hexadecimal digits."""
        return self.content.sha256


@dataclass(frozen=True, eq=False)
class RefusedUpload:
    """The file that was chosen last, where it cannot be read.

    Attributes:
        upload: The file.
        reading: How it was to be read.
        offer: A setting by its dotted name, and the value with which it can be read; None where there is none.
    """

    upload: Upload
    reading: ReadingSettings
    offer: tuple[str, object] | None


@dataclass(frozen=True, eq=False)
class Inputs:
    """What a visitor's data and models are computed from.

    Attributes:
        recipe: The visitor's recipe.
        upload: The file that the visitor has uploaded, if any, under the name that they gave it.
    """

    recipe: Recipe
    upload: Upload | None = None


@dataclass
class TrainingRun:
    """A training under way.

    Attributes:
        recipe: The recipe that it was started with.
        split: The reviews that it trains on and validates on.
        sha256: SHA-256 of the file that the reviews come from.
        trainer: The trainer, with the model as it stands.
        initial: The model's weights before the first step.
        stored_steps: The trainer's steps when its model was last stored as the session's trained model.
        logged_steps: The trainer's steps when it was last logged as a run.
    """

    recipe: Recipe
    split: Split
    sha256: str
    trainer: Trainer
    initial: dict[str, torch.Tensor]
    stored_steps: int = 0
    logged_steps: int = 0

    @property
    def training(self) -> TrainingSettings:
        """The settings that it trains with, those included that its size chose."""
        return self.trainer.training


@dataclass(frozen=True, eq=False)
class TrainedModel:
    """A trained model with what it was trained on.

    Attributes:
        recipe: The recipe that it was trained with.
        split: The reviews that it was trained and validated on.
        trained: The model, its initial weights and its history.
        sha256: SHA-256 of the file that the reviews come from.
        digest: SHA-256 of the file that the model was loaded from; "" for one that was trained here.
    """

    recipe: Recipe
    split: Split
    trained: Trained
    sha256: str
    digest: str = ""

    @property
    def training(self) -> TrainingSettings:
        """The settings that it was trained with, those included that its size chose."""
        return self.recipe.training.for_size(*self.split.size)


@dataclass
class RelearningRun:
    """A randomized model that is trained again.

    Attributes:
        key: The model and the randomization that it started from, as `models.comparison_key` writes them.
        trainer: The trainer, with the model as it stands.
    """

    key: str
    trainer: Trainer


@dataclass
class Study:
    """Work of many parts that is advanced in slices, under way or ended.

    Attributes:
        key: What the study depends on: the model and the plan, as the study's kind writes them.
        trained_model: The model that is studied. The session may have another one by now.
        plan: The settings of the study.
        total: How many parts are planned.
        slices: Lists of the parts still to come; None where there are none, or where an error has ended the study.
        conclude: Makes a result of the parts that are done.
        rows: The parts that are done.
        runner: What a later study of another plan can continue, if anything.
        seconds: Time that the study has taken so far.
        taken: How many parts it has taken over from other studies, which is not part of that time.
        drawing: Seconds that a page last took to draw it.
        running: Whether it advances.
        kind: The name of its kind; this and the next four are known once it is begun.
        part: What its parts are called, in the singular.
        base: What its parts depend on, as the study's kind writes it.
        recipe: The recipe that shows it.
        title: What it does, as a part of a sentence.
        unasked: Whether it has started by itself: it is not kept, and another one that does so takes its place.
        look: Whether it is a quick look at a larger plan.
        pinned: Whether it is kept when older ones go.
        lock: Held while the study advances, as a page's run may be at work still when the next one begins.
        latest: The number of parts that the last result was made of, and that result.
        intervals: What is computed of a finished sweep's rows once they are looked at.
    """

    key: str
    trained_model: TrainedModel
    plan: Settings
    total: int
    slices: Iterator[list] | None
    conclude: Callable[[tuple], Any]
    rows: list = field(default_factory=list)
    runner: Any = None
    seconds: float = 0.0
    taken: int = 0
    drawing: float = 0.0
    running: bool = True
    kind: str = ""
    part: str = ""
    base: str = ""
    recipe: Recipe = MODERN
    title: str = ""
    unasked: bool = False
    look: bool = False
    pinned: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)
    latest: tuple[int, Any] | None = None
    intervals: Any = None

    @property
    def result(self) -> Any:
        """The result of the parts that are done."""
        if self.latest is None or self.latest[0] != len(self.rows):
            self.latest = (len(self.rows), self.conclude(tuple(self.rows)))
        return self.latest[1]

    @property
    def unfinished(self) -> bool:
        """Whether there is more to do, and no error has ended the study."""
        return self.slices is not None and len(self.rows) < self.total


@dataclass(frozen=True)
class Change:
    """The last change of a visitor's recipe.

    Attributes:
        before: The recipe before the change.
        made_on: The page that it was made on.
        seen_on: The page that it led to, mostly the same one.
        announced: Whether this page says what was changed, as it was not chosen by its own control.
        undone: Whether the change takes another one back.
    """

    before: Recipe
    made_on: str
    seen_on: str
    announced: bool = False
    undone: bool = False

    @property
    def leads(self) -> bool:
        """Whether the change led to another page."""
        return self.made_on != self.seen_on


@dataclass(frozen=True)
class Versions:
    """What a visitor has typed over the review that is looked at.

    Attributes:
        over: Key and linked text of that review in the recipe; over another one this counts no more.
        text: The text as it was typed.
        first: The text that it is compared with; None for that review.
    """

    over: tuple[str, str]
    text: str
    first: str | None = None


@dataclass
class Session:
    """One visitor's state.

    Attributes:
        name: A random name that identifies the session.
        recipe: The recipe that the address bar mirrors.
        page: The page of the last run; "" before the first.
        known: The visitor's recipe as the last run had it, or the last one before the story.
        scene: Number of the story's scene, from 1.
        predictions: Position of the visitor's choice, by the number of the scene.
        waiting_model: The visitor's trained model while the story is shown.
        waiting_studies: The visitor's studies that were running when the story was opened.
        change: The last change of the recipe, which can be undone.
        announcing: Whether the next run says what has been changed.
        destination: The page that the next run leads to; "" for the one that it is of.
        addresses: The address that the browser last had, and those written since, which are on their way to it.
        written_at: When the last address was written, in seconds of the monotonic clock.
        touched: Whether a control has changed the recipe since then.
        notices: Sentences to show once, on the next run.
        shown_notices: The sentences that the page shows now.
        uploads: The files that the visitor has uploaded last, the one in use at the end.
        refused_upload: The file that was chosen last, where it could not be read.
        training_run: The training under way, or the last one.
        trained_model: The model that the visitor works with.
        saved_model: The saved model that was loaded last, while it waits for its file of reviews.
        loaded_model: The saved model that was loaded last, once its reviews were there.
        versions: What the visitor has typed over the review that is looked at; None for nothing.
        playing: Whether the training run advances.
        relearning: The relearning under way on the Forget page, or the last one.
        relearn_playing: Whether it advances.
        reruns: Re-runs of the published table that are done.
        reruns_wanted: How many re-runs there are to be.
        reruns_seconds: Time that those that are done have taken.
        studies: The study of each kind that is shown, by the name of the kind.
        kept: The studies that were asked for, the oldest first.
        cached: The shared values that the session uses, by the name of their cache and by their key.
        seen: Whether the visitor has seen the first screen of the Overview.
        presenting: Whether pages show nothing but the answer, the slider and Play, in large type.
        advanced: The kinds of work that the page advances by itself.
        beside: The kinds of work that the sidebar advances.
        queue_position: Position among those who wait to train, from 1; 0 where the session may train.
        runs: Where the visitor's runs are kept; None before the first is asked for.
        rested: The comparison that a page shows; None for none that is to be logged.
    """

    name: str = field(default_factory=lambda: secrets.token_hex(8))
    recipe: Recipe = MODERN
    page: str = ""
    known: Recipe = MODERN
    change: Change | None = None
    announcing: bool = False
    destination: str = ""
    scene: int = 1
    predictions: dict[int, int] = field(default_factory=dict)
    waiting_model: TrainedModel | None = None
    waiting_studies: list[Study] = field(default_factory=list)
    addresses: list[dict[str, str]] = field(default_factory=list)
    written_at: float = -math.inf
    touched: bool = False
    notices: list[str] = field(default_factory=list)
    shown_notices: list[str] = field(default_factory=list)
    uploads: list[Upload] = field(default_factory=list)
    refused_upload: RefusedUpload | None = None
    training_run: TrainingRun | None = None
    trained_model: TrainedModel | None = None
    saved_model: SavedModel | None = None
    loaded_model: TrainedModel | None = None
    versions: Versions | None = None
    playing: bool = False
    relearning: RelearningRun | None = None
    relearn_playing: bool = False
    reruns: list[PublishedRun] = field(default_factory=list)
    reruns_wanted: int = 0
    reruns_seconds: float = 0.0
    studies: dict[str, Study] = field(default_factory=dict)
    kept: list[Study] = field(default_factory=list)
    cached: dict[str, OrderedDict[str, Any]] = field(default_factory=dict)
    seen: bool = False
    presenting: bool = False
    advanced: set[str] = field(default_factory=set)
    beside: set[str] = field(default_factory=set)
    queue_position: int = 0
    runs: VisitorRuns | None = None
    rested: RestedComparison | None = None

    @property
    def upload(self) -> Upload | None:
        """The uploaded file that the recipe is on; where it is on none of them, the one that was in use last."""
        return self.inputs_of(self.recipe).upload

    def inputs_of(self, recipe: Recipe) -> Inputs:
        """A recipe, and the upload that it has or would have."""
        data = recipe.data
        wanted = ORIGINAL_SHA256 if data.source == "original" else data.sha256
        found = (upload for upload in self.uploads if upload.sha256 == wanted)
        return Inputs(recipe, next(found, self.uploads[-1] if self.uploads else None))

    @property
    def inputs(self) -> Inputs:
        """The recipe and the upload as they are now."""
        return self.inputs_of(self.recipe)


def session() -> Session:
    """The visitor's session, made on the first run."""
    if "session" not in st.session_state:
        st.session_state.session = Session()
    return st.session_state.session


def rerun_page() -> None:
    """Run the page again. It shows its notices once more, as the visitor has not done anything meanwhile."""
    mine = session()
    mine.notices[:0] = mine.shown_notices
    st.rerun()


def source_name(recipe: Recipe) -> str:
    """The name of a recipe's reviews for the visitor. An upload has the name of its file."""
    return {"sample": "synthetic sample", "original": "original file"}.get(
        recipe.data.source, recipe.data.file or "a file to upload"
    )


def follow_address(page: str, scenes: Sequence[Recipe] = ()) -> None:
    """Take the recipe from the address where the visitor asked for that: by a cold link, Back or Forward.

    Args:
        page: The name of the page that is opened.
        scenes: On the page of the story, the states of its scenes.
    """
    mine, parameters = session(), url.own_parameters(st.query_params.to_dict())
    first = not mine.page
    # Shortly after a change the browser may still send an address that it had before: that is no Back.
    late = parameters in mine.addresses and time.monotonic() - mine.written_at < LATE
    moved = parameters != mine.addresses[-1] and not late if mine.addresses else False
    mine.addresses = mine.addresses[mine.addresses.index(parameters) :] if late else [parameters]
    arrives, leaves = page == STORY != mine.page, mine.page == STORY != page
    if arrives:
        mine.known = _read_recipe(url.OPENING_PAGE, parameters) if first else mine.recipe
        mine.waiting_model, mine.trained_model = mine.trained_model, None
    elif leaves:
        mine.waiting_model, mine.trained_model = None, mine.waiting_model
    if first or arrives or leaves or (moved and not mine.touched and page == mine.page):
        if page == STORY:
            mine.scene = _read_scene(parameters.get(SCENE, str(mine.scene)), len(scenes))
            mine.recipe = scenes[mine.scene - 1]
        else:
            mine.recipe = _read_recipe(page, parameters)
        reset_controls()
    if first and url.TAB in parameters:
        st.session_state[tab_key(page)] = parameters[url.TAB]  # one that is none opens the first tab
    if first or page != mine.page or (moved and not mine.touched):
        mine.presenting = parameters.get(PRESENT) == PRESENTED
    if page != STORY:
        if not first and mine.recipe != mine.known:
            _note_change(page)
        mine.known = mine.recipe
        in_use = mine.upload
        mine.uploads.sort(key=lambda upload: upload is in_use)
    mine.announcing = False
    if page != mine.page:
        if leaves:
            for study in mine.studies.values():
                study.running = study.running and study in mine.waiting_studies
            mine.studies, mine.waiting_studies = {study.kind: study for study in mine.kept if study.running}, []
        elif arrives:  # those that were asked for are kept
            mine.studies, mine.waiting_studies = {}, [study for study in mine.kept if study.running]
        else:  # what has begun by itself does so again
            shown = mine.studies.items()
            mine.studies = {kind: study for kind, study in shown if not (study.unasked and study.running)}
    mine.page = page


def _note_change(page: str) -> None:
    """Note a change of the recipe as one step; choosing a file is a part of the step to an upload that awaits it."""
    mine = session()
    before = mine.known
    if _awaits_file(before) and mine.change:
        before = mine.change.before
    change = Change(before, mine.page, page, announced=mine.announcing or page != mine.page)
    mine.change = None if _awaits_file(before) else change


def _awaits_file(recipe: Recipe) -> bool:
    """Whether a recipe is on an upload without saying which: nothing can be shown of it again."""
    return recipe.data.source == "file" and not recipe.data.sha256


def _read_recipe(page: str, parameters: dict[str, str]) -> Recipe:
    """The recipe of an address, which is neither a scene nor a presentation, and notices of what is not used."""
    parameters = {name: text for name, text in parameters.items() if name not in (SCENE, PRESENT, url.TAB)}
    if page == url.OPENING_PAGE and not parameters:
        return OPENING
    recipe, sentences = url.decode_query(parameters)
    session().notices += sentences
    if recipe.model.kind == MODERN.model.kind or not url.opens_kind(parameters):  # or a kind that is none
        return recipe
    return replace(recipe, randomization=OPENINGS[recipe.model.kind].randomization)


def _read_scene(text: str, scenes: int) -> int:
    """The number of a scene in an address; 1, and a notice, where it is none."""
    if text in map(str, range(1, scenes + 1)):
        return int(text)
    session().notices.append(f"The story has the scenes 1 to {scenes}; {text[:20]!r} is none. Here is the first.")
    return 1


def show_scene(number: int, recipe: Recipe) -> None:
    """Show a scene of the story, in a state."""
    mine = session()
    mine.scene, mine.recipe, mine.touched = number, recipe, True
    refresh_controls()


def present(presenting: bool) -> None:
    """Begin or end a presentation."""
    session().presenting, session().touched = presenting, True


def write_address() -> None:
    """Write what differs from the defaults into the address, unless it is there or on its way already."""
    mine = session()
    parameters = page_address(mine.page, url.encode_query(mine.recipe))
    parameters |= {PRESENT: PRESENTED} if mine.presenting else {}
    if not parameters == st.query_params.to_dict() == mine.addresses[-1]:
        st.query_params.from_dict(parameters)
        mine.addresses.append(parameters)
        mine.written_at = time.monotonic()
    mine.touched = False


def link_address(page: str) -> dict[str, str]:
    """The parameters of a link to a page that carries the visitor's experiment along."""
    mine = session()
    shown = {name: text for name, text in mine.addresses[-1].items() if name != PRESENT}
    return page_address(page, url.encode_query(mine.known) if mine.page == STORY else shown)


def page_address(page: str, parameters: dict[str, str]) -> dict[str, str]:
    """The parameters of an experiment as a page has them; the story has the number of its scene instead."""
    return {SCENE: str(session().scene)} if page == STORY else url.page_parameters(page, parameters)


def tab_key(page: str) -> str:
    """The key of the tabs of a page, whose value is the title of the one that is open."""
    return f"{page}_view"


def open_tab(page: str, title: str) -> None:
    """Have a page open one of its tabs when it is drawn next: that of a title, or the first where there is none."""
    if title:
        st.session_state[tab_key(page)] = title
    else:
        st.session_state.pop(tab_key(page), None)


def reset_controls() -> None:
    """Drop the values of the controls, so that they are filled from the recipe when they are drawn next.

    Only for the start of a run: a callback sets them instead (`refresh_controls`), as the run that would fill them may
    be overtaken by the next key press, whose callback then finds its value missing.
    """
    for key in _controls():
        del st.session_state[key]


def refresh_controls(names: Iterable[str] = LEAVES) -> None:
    """Set the controls of these settings that differ from the recipe to its value.

    Only of these: another control may have changed in the same moment, and its callback is still to come.
    """
    for key in _controls():
        name = key.removeprefix(PREFIX)
        if name not in names:
            continue
        if name in LIKELY and not session().recipe.value(name):
            del st.session_state[key]  # the likely column is known only once the file is read
        elif st.session_state[key] != control_value(name):
            st.session_state[key] = control_value(name)


def control_value(name: str) -> object:
    """The recipe's value as the control of a setting takes it: names as a list, numbers as a text, doses as a count."""
    recipe = session().recipe
    if name.endswith(".doses"):
        return len(recipe.value(name))
    if name == "randomization.layers":
        return list(recipe.randomization.chosen_layers(recipe.model.layers))
    value = recipe.used_value(name)
    if isinstance(value, tuple):
        return list(value) if is_names(LEAVES[name].default) else format_value(value)
    return value


def _controls() -> list[str]:
    return [key for key in st.session_state if str(key).startswith(PREFIX)]


def undo_change(change: Change) -> None:
    """Take a change of the recipe back, or make it again where it was taken back. It leads back where it led away."""
    mine = session()
    mine.change = Change(mine.recipe, change.seen_on, change.made_on, undone=not change.undone)
    mine.destination = change.made_on if change.leads else ""
    mine.recipe, mine.touched = change.before, True
    mine.known = mine.recipe
    refresh_controls()


def assign(values: dict[str, object], *, announce: bool = False) -> None:
    """Replace settings of the session's recipe, all or none, and refresh their controls.

    Where a value does not fit, the recipe stays, and the reason becomes a notice.

    Args:
        values: New values by the dotted names of their settings.
        announce: Whether the page says what has been changed, as the visitor has not used the controls of the settings.
    """
    mine = session()
    mine.announcing |= announce
    try:
        mine.recipe, mine.touched = with_values(mine.recipe, values), True
    except RecipeError as error:
        mine.notices.append(str(error))
    refresh_controls(values)


def with_values(recipe: Recipe, values: dict[str, object]) -> Recipe:
    """A recipe with several settings changed at once, so that those which fit only together are accepted."""
    nested: dict = {}
    for name, value in values.items():
        group, _, leaf = name.rpartition(".")
        (nested.setdefault(group, {}) if group else nested)[leaf] = value
    return Recipe.from_dict(nested, recipe)
