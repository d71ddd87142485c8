"""train: a data set becomes a release."""

from __future__ import annotations

from libs.corpus.clean import clean_corpora
from libs.dataset import read_datasets
from libs.evaluation.evaluate import evaluate
from libs.network.learning import learn
from libs.release.files import build_release
from libs.release.publish import publish
from libs.runs.job import Job, Outcome
from libs.service.commands import make_command_line
from libs.tracking import track
from libs.vectors.word2vec import train_vectors
from sentiment.service.commands import run_command_line


def train(job: Job) -> Outcome:
    """Walk the data one way: dataset → clean → vectors → network → evaluate → publish."""
    job.progress.enter("dataset")
    rows = read_datasets(job.datasets, job.exclude, job.store, job.folder)
    job.progress.enter("clean")
    corpora = clean_corpora(rows, job.progress.advance, neutral_class=job.recipe.neutral_class)
    job.progress.enter("vectors")
    vectors = train_vectors(corpora, job.recipe, job.folder, job.progress.advance)
    job.progress.enter("network")
    learned = learn(corpora, vectors, job.recipe, job.progress.advance)
    job.progress.enter("evaluate")
    evaluation = evaluate(learned, corpora, job)
    manifest, folder = build_release(job, corpora, vectors, learned, evaluation)
    job.progress.enter("publish")
    outcome = publish(job, manifest, folder, corpora, evaluation)
    track(job.settings, outcome.model_version)
    job.progress.finish()
    return outcome


if __name__ == "__main__":
    run_command_line(make_command_line(train))
