"""The guided story: a question, a prediction, and one state of the app that answers it.

What is asked and what the numbers say stands in `reporting.story`; a scene is drawn by the views of the pages.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from forgetting.core.numbers import NO_BREAK, keep_units
from forgetting.dashboard.state import models
from forgetting.dashboard.state.session import STORY, TrainedModel, session, show_scene
from forgetting.dashboard.state.work import run_study
from forgetting.dashboard.studies.kept import show_study
from forgetting.dashboard.studies.panel import study_buttons, study_view
from forgetting.dashboard.studies.registry import STUDY_KINDS, begin_study, find_study, request_study
from forgetting.dashboard.ui.navigation import PAGES, open_state, page_link
from forgetting.dashboard.ui.page import is_presenting, presentable_heading
from forgetting.dashboard.ui.unlearning_form import forget_set_view
from forgetting.dashboard.views import comparison as comparison_views
from forgetting.dashboard.views.dose_response import curves_view
from forgetting.dashboard.views.live import advance_live, live_view
from forgetting.dashboard.views.published import published_view
from forgetting.dashboard.views.relearning import learning_curves_view
from forgetting.dashboard.views.unlearning import attack_view
from forgetting.experiment.published import PUBLISHED_TABLE
from forgetting.recipe.recipe import Recipe
from forgetting.reporting import story
from forgetting.reporting.formatting import format_count, format_duration
from forgetting.reporting.glossary import explain
from forgetting.reporting.names import format_class
from forgetting.reporting.story import SCENES, UNLEARNED_BY, Answer, Scene

SOON = 20.0  # seconds up to which a study begins with the prediction
Show = Callable[[TrainedModel], None]


@dataclass(frozen=True)
class Stage:
    """How a scene is shown.

    Attributes:
        page: The page that shows the same state.
        draw: Draws the state once there is a prediction.
        answer: The answer; None while what it rests on is not computed.
        before: Draws what stands there before the prediction.
        study: The kind of the study that answers; "" where there is none.
        tab: Key and name of the tab of the page that shows the state.
    """

    page: str
    draw: Show
    answer: Callable[[TrainedModel, Scene], Answer | None]
    before: Show
    study: str = ""
    tab: tuple[str, str] | None = None


def scene_states() -> tuple[Recipe, ...]:
    """The state of each scene, which may wait for the visitor's prediction."""
    predicted = session().predictions
    return tuple(scene.state(predicted=number in predicted) for number, scene in enumerate(SCENES, start=1))


def scene_view(trained_model: TrainedModel) -> None:
    """The session's scene: its question, the visitor's prediction, the answer, and the state of the app."""
    mine = session()
    number, scene = mine.scene, SCENES[mine.scene - 1]
    stage, predicted = STAGES[scene.name], mine.predictions.get(number)
    heading = f"{number} of {len(SCENES)}: {_whole(scene.title)}"
    presentable_heading(heading, always_seen=True)
    presenting = is_presenting(STORY)
    asked, shown = st.columns([1, 1.5], gap="medium")
    with asked:
        if predicted is None or not presenting:  # large type leaves room for the answer alone
            st.markdown(_whole(scene.introduction))
        st.radio(
            f"**{_whole(scene.question)}**",
            range(len(scene.choices)),
            index=predicted,
            help=explain("prediction"),
            format_func=lambda choice: _whole(scene.choices[choice]),
            key=_key(number),
            on_change=_predict,
            args=(number,),
        )
        if predicted is None and stage.study:
            kind, request = STUDY_KINDS[stage.study], request_study(mine, trained_model, stage.study)
            st.caption(
                f"The answer takes {format_count(kind.total(request), kind.part)}, "
                f"{format_duration(kind.seconds(request))}. {kind.power(request)}"
            )
    with shown:
        if predicted is None:
            stage.before(trained_model)
        else:
            stage.draw(trained_model)
    with asked:
        if predicted is not None:
            with st.container(key="answer", gap="small"):
                _answer_view(scene, stage.answer(trained_model, scene), predicted)
        _buttons(number, stage, predicted=predicted is not None)
    if stage.page == "forget" or (predicted is None and stage.before is _draw_live):
        advance_live(trained_model)


def _whole(text: str) -> str:
    """The text with N(0, 1), and each number with its unit, on one line."""
    return keep_units(text).replace("N(0, 1)", f"N(0,{NO_BREAK}1)")


def _key(number: int) -> str:
    return f"prediction_{number}"


def _predict(number: int) -> None:
    """Keep the visitor's prediction, and show the state that decides it."""
    session().predictions[number] = st.session_state[_key(number)]
    _show(number)


def _show(number: int) -> None:
    show_scene(number, scene_states()[number - 1])


def _answer_view(scene: Scene, answer: Answer | None, predicted: int) -> None:
    """What the numbers say, how the prediction compares, and what they do not show."""
    if answer is None:
        st.info("The answer comes with the numbers.", icon=":material/hourglass_top:")
        return
    chosen = f"“{scene.choices[predicted]}”"
    if answer.right is None:
        st.info(f"You thought: {chosen}.")
    elif answer.right == predicted:
        st.success(f"You thought {chosen}, and so it is.", icon=":material/check:")
    else:
        right = f"“{scene.choices[answer.right]}”"
        st.info(f"You thought {chosen}: a fair guess, but the numbers say {right}.", icon=":material/lightbulb:")
    st.markdown(_whole(answer.text))
    if answer.limit:
        st.caption(f"**What this does not show.** {answer.limit}")


def _buttons(number: int, stage: Stage, *, predicted: bool) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        if number > 1:
            _scene_button("Back", number - 1, icon=":material/arrow_back:")
        if number < len(SCENES):
            look = "primary" if predicted else "secondary"
            _scene_button("Next", number + 1, icon=":material/arrow_forward:", type=look)
        else:
            page_link("overview", "Now ask questions of your own")
        if predicted and session().recipe != scene_states()[number - 1]:
            _scene_button("Back to the scene's state", number, icon=":material/undo:")
        look = {"icon": ":material/open_in_new:", "type": "tertiary", "help": explain("Open this state")}
        if predicted and st.button(f"Open this state on {PAGES[stage.page][1]}", **look):
            if stage.tab:
                key, name = stage.tab
                st.session_state[key] = name
            open_state(stage.page)


def _scene_button(label: str, number: int, **look: str) -> None:
    st.button(label, on_click=_show, args=(number,), help=explain(label), **look)


def _draw_first_review(trained_model: TrainedModel) -> None:
    """The first validation review that the network names right."""
    split, logits = trained_model.split, models.find_original(trained_model).logits["validation"]
    part = split.validation
    position = int((logits.argmax(dim=1) == part.targets).nonzero()[0])
    name = split.classes[part.targets[position]]
    with st.container(border=True):
        st.markdown("**A review, and what the network makes of it**")
        st.text(f"Label: {format_class(name)}. Predicted: the same.")
        st.text(split.reviews.texts[part.rows[position]])


def _draw_live(trained_model: TrainedModel) -> None:
    comparison = models.find_comparison(trained_model, session().recipe.randomization)
    live_view(trained_model, comparison, models.find_baselines(trained_model))


def _draw_live_and_charts(trained_model: TrainedModel) -> None:
    _draw_live(trained_model)
    comparison = models.find_comparison(trained_model, session().recipe.randomization)
    comparison_views.accuracy_and_loss_view(trained_model, comparison, models.find_baselines(trained_model))


def _draw_published_accuracy(trained_model: TrainedModel) -> None:  # noqa: ARG001 - one signature for all
    published = PUBLISHED_TABLE["original"]["validation", "bitwise_accuracy"]
    st.metric("Validation accuracy as published", f"{published:.3f}", border=True, help=explain("bitwise accuracy"))


def _draw_study(name: str, view: Callable) -> Show:
    def draw(trained_model: TrainedModel) -> None:
        """Run the study, as the prediction has asked for it; where it would take long, a button does."""
        mine = session()
        request = request_study(mine, trained_model, name)
        if study := find_study(mine, name, request):
            show_study(mine, study)
            if study.unfinished:
                run_study(mine, study)
        elif STUDY_KINDS[name].seconds(request) <= SOON:
            begin_study(mine, name, request)
        else:
            study_buttons(trained_model, name)
        study_view(name, view)

    return draw


def _answer_layers(trained_model: TrainedModel, scene: Scene) -> Answer:
    split = trained_model.split
    parameters = scene.recipe.model.parameters(len(split.words), len(split.classes))
    return story.answer_layers(parameters, len(split.words))


def _answer_fraction(trained_model: TrainedModel, scene: Scene) -> Answer:
    """Of the scene's state, wherever the slider stands."""
    randomization = scene.recipe.randomization
    comparison = models.find_comparison(trained_model, randomization)
    return story.answer_fraction(comparison, models.find_baselines(trained_model), randomization.fraction)


def _answer_study(name: str, answer: Callable[..., Answer], *others: str) -> Callable:
    def find(trained_model: TrainedModel, scene: Scene) -> Answer | None:  # noqa: ARG001 - one signature for all
        study = find_study(session(), name, request_study(session(), trained_model, name))
        if study is None or len(study.rows) < study.total:
            return None
        return answer(study.result, *(others or (models.find_baselines(trained_model),)))

    return find


STAGES = {  # by the name of the scene
    "layers": Stage("forget", _draw_live, _answer_layers, before=_draw_first_review),
    "fraction": Stage("forget", _draw_live_and_charts, _answer_fraction, before=_draw_live),
    "relearning": Stage(
        "relearn",
        _draw_study("learning_curves", learning_curves_view),
        _answer_study("learning_curves", story.answer_relearning),
        before=_draw_live,
        study="learning_curves",
        tab=("relearn_view", "This randomization"),
    ),
    "matched": Stage(
        "layers",
        _draw_study("change", curves_view),
        _answer_study("change", story.answer_matched),
        before=_draw_live,
        study="change",
        tab=("layers_view", "Equal ‖ΔW‖"),
    ),
    "published": Stage(
        "overview",
        lambda _: published_view(),
        lambda *_: story.answer_published(),
        before=_draw_published_accuracy,
    ),
    "unlearning": Stage(
        "unlearn",
        _draw_study("unlearning", attack_view),
        _answer_study("unlearning", story.answer_unlearning, UNLEARNED_BY),
        before=forget_set_view,
        study="unlearning",
        tab=("unlearn_view", "Attack"),
    ),
}
