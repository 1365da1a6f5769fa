"""What the words alone give away: a classifier of n-grams, to hold a latent space against."""

from collections.abc import Sequence

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from starter_code.errors import CourseError

__all__ = ["ngram_accuracy"]


def ngram_accuracy(
    train: Sequence[Sequence[str]],
    train_labels: Sequence[int],
    test: Sequence[Sequence[str]],
    test_labels: Sequence[int],
) -> float:
    """How often logistic regression on words and pairs of words names the style of a caption.

    Captions are lists of words; the features are tf-idf weights of the 1- and 2-grams that at least
    two training captions say. What it cannot tell, no network should be blamed for.

    Raises:
        CourseError: labels of a single style.
    """
    if len(set(train_labels)) < 2:
        raise CourseError("All training captions have one style: there is nothing to tell apart.")
    words = TfidfVectorizer(
        analyzer="word", tokenizer=str.split, token_pattern=None, ngram_range=(1, 2), min_df=2,
        sublinear_tf=True,
    )  # fmt: skip
    classifier = make_pipeline(words, LogisticRegression(C=4.0, max_iter=2000))
    classifier.fit([" ".join(words) for words in train], list(train_labels))
    return float(classifier.score([" ".join(words) for words in test], list(test_labels)))
