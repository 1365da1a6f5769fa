"""What the words alone give away: a classifier of n-grams, to hold a latent space against."""

from collections.abc import Sequence

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from starter_code.errors import CourseError

__all__ = ["NgramStyles"]

Words = Sequence[str]


class NgramStyles:
    """Logistic regression on the words and pairs of words of a caption, which names its style.

    The features are tf-idf weights of the 1- and 2-grams that at least two training captions say.
    What it cannot tell, no network should be blamed for.

    Args:
        captions: lists of words. labels: the number of each caption's style.

    Raises:
        CourseError: labels of a single style.
    """

    def __init__(self, captions: Sequence[Words], labels: Sequence[int]) -> None:
        if len(set(labels)) < 2:
            raise CourseError(
                "All captions have one style, so there is nothing to tell apart: give captions in "
                "two styles or more."
            )
        grams = TfidfVectorizer(
            tokenizer=str.split, token_pattern=None, ngram_range=(1, 2), min_df=2, sublinear_tf=True
        )
        self._classifier = make_pipeline(grams, LogisticRegression(C=4.0, max_iter=2000))
        self._classifier.fit([" ".join(words) for words in captions], list(labels))

    def name(self, captions: Sequence[Words]) -> list[int]:
        """The style of each caption, as a number."""
        return [int(n) for n in self._classifier.predict([" ".join(words) for words in captions])]

    def accuracy(self, captions: Sequence[Words], labels: Sequence[int]) -> float:
        """The share of captions whose style is named right."""
        hits = [one == two for one, two in zip(self.name(captions), labels, strict=True)]
        return sum(hits) / len(hits)
