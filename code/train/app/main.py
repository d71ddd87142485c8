"""train: a data set becomes a release."""

from __future__ import annotations

from libs.corpus import clean_corpora
from libs.dataset import read_datasets
from libs.evaluation import evaluate
from libs.network import train_network
from libs.release import Gate, build_release, publish
from libs.runs.job import Job
from libs.service.commands import make_command_line
from libs.tracking import track
from libs.values.outcome import Outcome
from libs.vectors import train_vectors
from sentiment.service.commands import run_command_line


def train(job: Job) -> Outcome:
    """Walk the data one way: dataset → clean → vectors → network → evaluate → publish."""
    advance = job.progress.advance
    job.progress.enter("dataset")
    rows = read_datasets(job.datasets, job.exclude, job.store, job.folder)
    job.progress.enter("clean")
    corpora = clean_corpora(rows, job.recipe, advance)
    job.progress.enter("vectors")
    vectors = train_vectors(corpora, job.recipe, job.folder, advance)
    job.progress.enter("network")
    network = train_network(corpora, vectors, job.recipe, advance)
    job.progress.enter("evaluate")
    evaluation = evaluate(network, corpora, job.recipe.seed, advance)
    candidate = build_release(job.provenance, corpora, vectors, network, evaluation, folder=job.folder / "release")
    job.progress.enter("publish")
    gate = Gate(job.store, job.folder, job.settings.gate_tolerance)
    outcome = publish(candidate, corpora.labelled, evaluation.held_out, gate, advance)
    track(job.settings, outcome.model_version)
    job.progress.finish()
    return outcome


if __name__ == "__main__":
    run_command_line(make_command_line(train))
