"""Hyperparameters: what a run may vary, within the bounds that make sense."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sentiment.errors import PermanentError


class Recipe(BaseModel):
    """One run's hyperparameters; the defaults are the recipe that won on Sentiment140 (docs/explanation/model-card.md)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    seed: int = Field(default=2026, ge=0, le=2**31 - 1, description="Seed of every random choice.")
    neutral_class: bool = Field(
        default=True,
        description="Train NEUTRAL as a class; false: two classes, and the NEUTRAL band is fitted on the neutral rows.",
    )
    vector_size: int = Field(default=64, ge=8, le=300, description="Dimensions of a Word2Vec vector.")
    vector_window: int = Field(default=5, ge=1, le=20, description="Words on each side that Word2Vec predicts from.")
    vector_epochs: int = Field(default=3, ge=1, le=50, description="Word2Vec's epochs over the training texts.")
    least_word_count: int = Field(default=5, ge=1, le=100, description="Rarer words get no vector of their own.")
    most_words: int = Field(default=40_000, ge=100, le=200_000, description="Size of the vocabulary.")
    slot_bits: int = Field(default=20, ge=10, le=22, description="Slots of the linear path: 2 to this power.")
    linear_penalty: float = Field(
        default=0.3, gt=0, le=100, description="Strength of the L2 penalty on the linear path's weights."
    )
    filters: int = Field(default=128, ge=8, le=512, description="Filters of each convolution.")
    epochs: int | None = Field(
        default=None, ge=1, le=50, description="Epochs of the deep path; unset = by the number of rows."
    )
    word_dropout: float = Field(
        default=0.2, ge=0, le=0.8, description="Share of vector dimensions dropped in training."
    )
    dropout: float = Field(default=0.3, ge=0, le=0.8, description="Share of pooled activations dropped in training.")
    batch_size: int = Field(default=512, ge=16, le=8192, description="Texts per training step of the deep path.")
    learning_rate: float = Field(
        default=0.002, gt=0, le=0.1, description="Highest learning rate of the deep path's optimizer."
    )
    label_smoothing: float = Field(
        default=0.05, ge=0, le=0.4, description="Share of each target that label smoothing spreads over all classes."
    )
    most_training_rows: int | None = Field(
        default=None, ge=100, description="Train on at most so many rows of each data set, chosen by seed."
    )


def override_recipe(recipe: Recipe, overrides: Mapping[str, Any]) -> Recipe:
    """Return ``recipe`` with some values replaced; ``PermanentError("bad_recipe")`` names each wrong one and why."""
    try:
        return Recipe.model_validate({**recipe.model_dump(), **overrides})
    except ValidationError as error:
        problems = (
            f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}"
            for problem in error.errors(include_url=False, include_input=False)
        )
        raise PermanentError("; ".join(problems), code="bad_recipe") from None
