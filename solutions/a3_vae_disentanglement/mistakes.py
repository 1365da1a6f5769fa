"""Known wrong answers of assignment 3. `seen` is what a student's own numbers show, `cause` the
reason; neither names an argument, an axis number or code. Sources: errors reported for public
implementations of variational autoencoders and of adversarial training, and what these formulas
invite one to do.
"""

from autograder.authoring import Solution, mistake

# ---- reparameterize


@mistake(
    "reparameterize",
    seen="Right where the variance is one; elsewhere your samples lie too far from the mean, or "
    "too near to it.",
    cause="The noise was multiplied by the variance; it should be by its root, the deviation.",
)
def variance_for_deviation(solution: Solution) -> Solution:
    return solution.edit("(log_variance / 2).exp()", "log_variance.exp()")


@mistake(
    "reparameterize",
    seen="Where the variance is one, your noise counts half.",
    cause="The variance was halved; half of its logarithm is what gives the deviation.",
)
def variance_halved(solution: Solution) -> Solution:
    return solution.edit("(log_variance / 2).exp()", "log_variance.exp() / 2")


@mistake(
    "reparameterize",
    seen="Where the variance is one, your noise does not count at all.",
    cause="The logarithm of the variance was taken for the deviation: the exponential is missing.",
)
def logarithm_for_deviation(solution: Solution) -> Solution:
    return solution.edit("(log_variance / 2).exp()", "log_variance")


@mistake(
    "reparameterize",
    seen="Your samples are not a number wherever the variance is below one.",
    cause="The root was taken of the logarithm, which may be negative; the exponential comes "
    "first.",
)
def root_of_logarithm(solution: Solution) -> Solution:
    return solution.edit("(log_variance / 2).exp()", "log_variance.sqrt()")


@mistake(
    "reparameterize",
    seen="The larger the variance, the nearer your samples are to the mean.",
    cause="The logarithm has lost its sign: you multiply by one over the deviation.",
)
def one_over_deviation(solution: Solution) -> Solution:
    return solution.edit("(log_variance / 2).exp()", "(-log_variance / 2).exp()")


@mistake(
    "reparameterize",
    seen="Without noise your samples are still not the mean.",
    cause="Noise is drawn inside, and the given noise is not used.",
)
def noise_drawn_inside(solution: Solution) -> Solution:
    return solution.edit(".exp() * noise", ".exp() * torch.randn_like(mu)")


@mistake(
    "reparameterize",
    seen="Without noise your samples are still not the mean, and no gradient comes back through "
    "them.",
    cause="The library drew the sample itself; a drawn number has no gradient, which is why the "
    "noise is drawn outside.",
)
def drawn_by_library(solution: Solution) -> Solution:
    return solution.edit(
        "return mu + (log_variance / 2).exp() * noise",
        "return torch.normal(mu, (log_variance / 2).exp())",
    )


@mistake(
    "reparameterize",
    seen="Your sample is the mean, whatever the noise.",
    cause="The noise was dropped, so nothing ever learns how wide the posterior is.",
)
def noise_dropped(solution: Solution) -> Solution:
    return solution.edit("return mu + (log_variance / 2).exp() * noise", "return mu")


@mistake(
    "reparameterize",
    seen="Without noise your sample is zero, not the mean.",
    cause="The mean was multiplied by the noise, too: a bracket stands around the sum.",
)
def noise_times_mean(solution: Solution) -> Solution:
    return solution.edit(
        "mu + (log_variance / 2).exp() * noise", "(mu + (log_variance / 2).exp()) * noise"
    )


@mistake(
    "reparameterize",
    seen="The examples of a batch all get the noise of the first.",
    cause="One draw of noise serves the whole batch; each example has its own.",
)
def one_noise_for_batch(solution: Solution) -> Solution:
    return solution.edit(".exp() * noise", ".exp() * noise[:1]")


@mistake(
    "reparameterize",
    seen="All samples are right, but no gradient reaches the variance.",
    cause="The deviation was cut off from the graph, so the posterior's width never learns.",
)
def deviation_detached(solution: Solution) -> Solution:
    return solution.edit("(log_variance / 2).exp()", "(log_variance / 2).exp().detach()")


@mistake(
    "reparameterize",
    seen="All samples are right, but the mean that was given to you is no longer what it was.",
    cause="The noise was added to the given tensor in place.",
)
def mean_changed_in_place(solution: Solution) -> Solution:
    return solution.edit(
        "return mu + (log_variance / 2).exp() * noise",
        "mu += (log_variance / 2).exp() * noise\n    return mu",
    )


@mistake(
    "reparameterize",
    seen="Right for ordinary variances; far from one they count as less far.",
    cause="The logarithms were kept within bounds, which the formula does not ask for.",
)
def variance_within_bounds(solution: Solution) -> Solution:
    return solution.edit("(log_variance / 2)", "(log_variance.clamp(-10, 10) / 2)")


# ---- kl_divergence


@mistake(
    "kl_divergence",
    seen="Your divergence shrinks when entries like the prior are added; it should stay.",
    cause="The mean was taken over the entries as well; the nats of an example's entries add up.",
)
def mean_over_entries(solution: Solution) -> Solution:
    return solution.edit("terms.sum(dim=1).mean()", "terms.mean()")


@mistake(
    "kl_divergence",
    seen="Six equal examples have six times the divergence of one.",
    cause="The examples were added up; they are averaged.",
)
def sum_over_batch(solution: Solution) -> Solution:
    return solution.edit("terms.sum(dim=1).mean()", "terms.sum()")


@mistake(
    "kl_divergence",
    seen="Six equal examples have six times the divergence of one, and entries like the prior make "
    "it smaller.",
    cause="Sum and mean have changed places: entries are summed, examples averaged.",
)
def sum_and_mean_swapped(solution: Solution) -> Solution:
    return solution.edit("terms.sum(dim=1).mean()", "terms.sum(dim=0).mean()")


@mistake(
    "kl_divergence",
    seen="Every divergence is twice the right one.",
    cause="The half in front of the sum is missing.",
)
def half_missing(solution: Solution) -> Solution:
    return solution.edit("0.5 * (mu", "(mu")


@mistake(
    "kl_divergence",
    seen="Your divergences have the right size and the wrong sign.",
    cause="The sign was lost when the formula was turned round; training would flee the prior.",
)
def divergence_below_zero(solution: Solution) -> Solution:
    return solution.edit("0.5 * (mu", "-0.5 * (mu")


@mistake(
    "kl_divergence",
    seen="Right where the variance is one; elsewhere the variance is felt twice over.",
    cause="The logarithm of the variance was taken for that of the deviation, and doubled.",
)
def logarithm_of_deviation(solution: Solution) -> Solution:
    return solution.edit(
        "log_variance.exp() - 1 - log_variance", "(2 * log_variance).exp() - 1 - 2 * log_variance"
    )


@mistake(
    "kl_divergence",
    seen="Some divergences are too small, even below zero.",
    cause="The deviation stands where its square, the variance, belongs.",
)
def deviation_for_variance(solution: Solution) -> Solution:
    return solution.edit("log_variance.exp() - 1", "(log_variance / 2).exp() - 1")


@mistake(
    "kl_divergence",
    seen="At the prior your divergence is below zero.",
    cause="The logarithm was squared to get the variance; its exponential is the variance.",
)
def logarithm_squared(solution: Solution) -> Solution:
    return solution.edit("log_variance.exp() - 1", "log_variance.square() - 1")


@mistake(
    "kl_divergence",
    seen="At the prior your divergence is half of the number of entries; it should be zero.",
    cause="The one that is taken off each entry is missing.",
)
def one_missing(solution: Solution) -> Solution:
    return solution.edit(".exp() - 1 - log", ".exp() - log")


@mistake(
    "kl_divergence",
    seen="Your divergence can be made as small as one likes: a tiny variance is a gain.",
    cause="The logarithm has the wrong sign in the bracket.",
)
def logarithm_added(solution: Solution) -> Solution:
    return solution.edit("- 1 - log_variance", "- 1 + log_variance")


@mistake(
    "kl_divergence",
    seen="A negative mean makes your divergence smaller than a positive one does.",
    cause="The mean was not squared.",
)
def mean_not_squared(solution: Solution) -> Solution:
    return solution.edit("mu.square()", "mu")


@mistake(
    "kl_divergence",
    seen="The value is right, but no gradient comes back from it.",
    cause="A plain number was returned, or the result was cut off from the graph.",
)
def divergence_detached(solution: Solution) -> Solution:
    return solution.edit("terms.sum(dim=1).mean()", "terms.sum(dim=1).mean().item()")


@mistake(
    "kl_divergence",
    seen="Right for ordinary variances; far from one they count as less far.",
    cause="The logarithms were kept within bounds, which the formula does not ask for.",
)
def logarithm_within_bounds(solution: Solution) -> Solution:
    return solution.edit(
        "    terms = 0.5", "    log_variance = log_variance.clamp(-10, 10)\n    terms = 0.5"
    )


# ---- filter_losses


@mistake(
    "filter_losses",
    seen="The loss of the styles is right for one slice, and too small for several.",
    cause="The slices were averaged; the equation adds them up.",
)
def slices_averaged(solution: Solution) -> Solution:
    return solution.edit("right.sum(dim=1).mean()", "right.mean()")


@mistake(
    "filter_losses",
    seen="The loss of the styles is right for one slice; of several, only the first learns.",
    cause="Only the first style slice was judged.",
)
def first_slice_judged(solution: Solution) -> Solution:
    return solution.edit("right.sum(dim=1).mean()", "right[:, 0].mean()")


@mistake(
    "filter_losses",
    seen="Both losses are right, but no gradient reaches the slices.",
    cause="The classifiers were given detached slices. They work with the encoder, not against it, "
    "so it must learn from them.",
)
def classifiers_read_detached(solution: Solution) -> Solution:
    return solution.edit("style_classifier(styles)", "style_classifier(styles.detach())").edit(
        "fact_classifier(facts)", "fact_classifier(facts.detach())"
    )


@mistake(
    "filter_losses",
    seen="With a single slice the loss of the styles is zero, whatever the scores.",
    cause="The softmax lets the slices of an example compete; it is the styles that compete.",
)
def softmax_over_slices(solution: Solution) -> Solution:
    return solution.edit(".log_softmax(dim=2)", ".log_softmax(dim=1)")


@mistake(
    "filter_losses",
    seen="In a batch of one both losses are zero, whatever the scores.",
    cause="The softmax lets the examples of the batch compete with each other.",
)
def softmax_over_examples(solution: Solution) -> Solution:
    return solution.edit(".log_softmax(dim=2)", ".log_softmax(dim=0)").edit(
        ".log_softmax(dim=1)", ".log_softmax(dim=0)"
    )


@mistake(
    "filter_losses",
    seen="Right for moderate scores, infinite or not a number for large ones.",
    cause="The logarithm was taken of a softmax that had underflowed to zero; both in one step "
    "stay finite.",
)
def logarithm_of_softmax(solution: Solution) -> Solution:
    return solution.edit(".log_softmax(dim=2)", ".softmax(dim=2).log()").edit(
        ".log_softmax(dim=1)", ".softmax(dim=1).log()"
    )


@mistake(
    "filter_losses",
    seen="The loss of the facts is too small by as many times as there are fact words.",
    cause="The words were averaged; they add up, as the bag's shares already do.",
)
def words_averaged(solution: Solution) -> Solution:
    return solution.edit(
        "(fact_words * of_word).sum(dim=1).mean()", "(fact_words * of_word).mean()"
    )


@mistake(
    "filter_losses",
    seen="The loss of the facts is not zero for a bag without words.",
    cause="Each word was asked by itself whether it is there (a binary cross-entropy); the words "
    "share one distribution.",
)
def word_by_word(solution: Solution) -> Solution:
    return solution.edit(
        "-(fact_words * of_word).sum(dim=1).mean()",
        "F.binary_cross_entropy_with_logits(filters.fact_classifier(facts), fact_words)",
    )


@mistake(
    "filter_losses",
    seen="The loss of the facts is that of one word: the other words of the bag do not count.",
    cause="The bag was turned into a single class, its most frequent word.",
)
def bag_of_one_word(solution: Solution) -> Solution:
    return solution.edit(
        "-(fact_words * of_word).sum(dim=1).mean()", "F.nll_loss(of_word, fact_words.argmax(dim=1))"
    )


@mistake(
    "filter_losses",
    seen="The loss of the facts is too small by a number that depends on the bags alone.",
    cause="The bag's own entropy was taken off: this is a divergence, not the cross-entropy.",
)
def divergence_from_bag(solution: Solution) -> Solution:
    return solution.edit(
        "-(fact_words * of_word).sum(dim=1).mean()",
        'F.kl_div(of_word, fact_words, reduction="batchmean")',
    )


@mistake(
    "filter_losses",
    seen="The loss of the facts is too large: each word of the bag counts fully.",
    cause="The shares were turned into yes and no; they should weigh the words.",
)
def every_word_counts_fully(solution: Solution) -> Solution:
    return solution.edit("(fact_words * of_word)", "((fact_words > 0) * of_word)")


@mistake(
    "filter_losses",
    seen="Your losses do not come near zero, even where the scores are right beyond doubt.",
    cause="The scores went through a softmax twice: once by hand, once inside the loss.",
)
def softmax_twice(solution: Solution) -> Solution:
    return solution.edit(".log_softmax(dim=2)", ".softmax(dim=2).log_softmax(dim=2)").edit(
        ".log_softmax(dim=1)", ".softmax(dim=1).log_softmax(dim=1)"
    )


@mistake(
    "filter_losses",
    seen="The two losses have changed places in your answer.",
    cause="The order of what is returned: the styles' loss comes first.",
)
def losses_swapped(solution: Solution) -> Solution:
    return solution.edit(
        "return -right.sum(dim=1).mean(), -(fact_words * of_word).sum(dim=1).mean()",
        "return -(fact_words * of_word).sum(dim=1).mean(), -right.sum(dim=1).mean()",
    )


@mistake(
    "filter_losses",
    seen="Right for moderate scores, too small for large ones: no word ever costs more than 18 or "
    "19 nats.",
    cause="A small number was added to the softmax to keep its logarithm finite. Both in one step "
    "are finite and exact.",
)
def small_number_added(solution: Solution) -> Solution:
    return solution.edit(".log_softmax(dim=2)", ".softmax(dim=2).add(1e-8).log()").edit(
        ".log_softmax(dim=1)", ".softmax(dim=1).add(1e-8).log()"
    )


@mistake(
    "filter_losses",
    seen="The loss of the facts is right until a batch holds a bag without words; then it is too "
    "large.",
    cause="The mean was taken over the bags that have words; all captions of the batch count.",
)
def empty_bags_skipped(solution: Solution) -> Solution:
    return solution.edit(
        "-(fact_words * of_word).sum(dim=1).mean()",
        "-(fact_words * of_word).sum() / (fact_words.sum(dim=1) > 0).sum().clamp(min=1)",
    )


@mistake(
    "filter_losses",
    seen="The loss of the facts is right until a batch holds a bag without words; then it is too "
    "large, and not a number if all bags are empty.",
    cause="The mean was taken over the bags that have words; all captions of the batch count.",
)
def empty_bags_left_out(solution: Solution) -> Solution:
    return solution.edit(
        "-(fact_words * of_word).sum(dim=1).mean()",
        "-(fact_words * of_word).sum(dim=1)[fact_words.sum(dim=1) > 0].mean()",
    )


@mistake(
    "filter_losses",
    seen="The loss of the facts is not zero for a bag without words, and a word's share of the bag "
    "makes no difference.",
    cause="Each word was asked by itself whether it is there, yes or no (a binary cross-entropy); "
    "the words share one distribution, and the shares weigh them.",
)
def word_by_word_yes_or_no(solution: Solution) -> Solution:
    return solution.edit(
        "-(fact_words * of_word).sum(dim=1).mean()",
        "F.binary_cross_entropy_with_logits(\n"
        "        filters.fact_classifier(facts), (fact_words > 0).float()\n"
        "    )",
    )


@mistake(
    "filter_losses",
    seen="It fails where slices and styles differ in number, for the shapes do not fit; where they "
    "do not, the loss of the styles is wrong.",
    cause="The library's cross-entropy looks for the classes right behind the batch; there it met "
    "the slices.",
)
def slices_taken_for_classes(solution: Solution) -> Solution:
    return solution.edit(
        "filters.style_classifier(styles).log_softmax(dim=2)", "filters.style_classifier(styles)"
    ).edit("return -right.sum(dim=1).mean()", "return F.cross_entropy(of_style, labels)")


@mistake(
    "filter_losses",
    seen="Both losses are right for one caption; for several they grow with their number.",
    cause="The captions' losses were added up; they are averaged.",
)
def filter_batch_added_up(solution: Solution) -> Solution:
    return solution.edit("right.sum(dim=1).mean()", "right.sum()").edit(
        "(fact_words * of_word).sum(dim=1).mean()", "(fact_words * of_word).sum()"
    )


@mistake(
    "filter_losses",
    seen="The loss of the styles is right for one caption; for several it grows with their number.",
    cause="All slices of the batch were added up; those of a caption are, and captions are "
    "averaged.",
)
def styles_of_batch_added_up(solution: Solution) -> Solution:
    return solution.edit("right.sum(dim=1).mean()", "right.sum()")


# ---- adversary


@mistake(
    "adversary",
    seen="The discriminators' losses are right, but the gradient of the style's reaches the facts.",
    cause="The fact slice was not cut off from the graph; the style slices were.",
)
def facts_not_detached(solution: Solution) -> Solution:
    return solution.edit("facts.detach()", "facts")


@mistake(
    "adversary",
    seen="The discriminators' losses are right, but the gradient of the facts' reaches the styles.",
    cause="The style slices were not cut off from the graph; the fact slice was.",
)
def styles_not_detached(solution: Solution) -> Solution:
    return solution.edit("styles.detach()", "styles")


@mistake(
    "adversary",
    seen="The discriminators' losses are right, but their gradient reaches the slices.",
    cause="Nothing was detached, so the encoder helps the discriminators it should hide from.",
)
def slices_not_detached(solution: Solution) -> Solution:
    return solution.edit("facts.detach()", "facts").edit("styles.detach()", "styles")


@mistake(
    "adversary",
    seen="The discriminators' losses move the slices and leave the discriminators where they are.",
    cause="The wrong side stands still: here the slices are detached and the discriminators learn.",
)
def discriminators_cannot_learn(solution: Solution) -> Solution:
    held = "F.linear({0}, filters.{1}.weight.detach(), filters.{1}.bias.detach())"
    return solution.edit(
        "filters.style_discriminator(facts.detach())", held.format("facts", "style_discriminator")
    ).edit(
        "filters.fact_discriminator(styles.detach().flatten(1))",
        held.format("styles.flatten(1)", "fact_discriminator"),
    )


@mistake(
    "adversary",
    seen="The entropies move the discriminators and leave the slices where they are.",
    cause="The wrong side stands still: here the discriminators are held and the slices learn.",
)
def entropies_train_discriminators(solution: Solution) -> Solution:
    return solution.edit(
        "F.linear(slices, layer.weight.detach(), layer.bias.detach())", "layer(slices.detach())"
    )


@mistake(
    "adversary",
    seen="The entropies are right, but their gradient reaches the discriminators, too.",
    cause="The discriminators were not held still, so they would be trained to be unsure.",
)
def discriminators_not_held(solution: Solution) -> Solution:
    return solution.edit(
        "F.linear(slices, layer.weight.detach(), layer.bias.detach())", "layer(slices)"
    )


@mistake(
    "adversary",
    seen="The entropies leave the discriminators' weights where they are, and move their biases.",
    cause="Only half of each discriminator was held still.",
)
def biases_not_held(solution: Solution) -> Solution:
    return solution.edit("layer.bias.detach()", "layer.bias")


@mistake(
    "adversary",
    seen="The entropies are right, but no gradient reaches anything.",
    cause="The slices were cut off here as well, or gradients were switched off altogether; they "
    "must pass through the discriminators to the slices.",
)
def entropies_without_gradient(solution: Solution) -> Solution:
    return solution.edit("log_p = F.linear(slices,", "log_p = F.linear(slices.detach(),")


@mistake(
    "adversary",
    seen="All losses and gradients are right, but afterwards the discriminators cannot be trained.",
    cause="They were switched off to hold them still, and never switched on again.",
)
def switched_off_for_good(solution: Solution) -> Solution:
    return solution.edit(
        "F.linear(slices, layer.weight.detach(), layer.bias.detach())",
        "layer.requires_grad_(False)(slices)",
    )


@mistake(
    "adversary",
    seen="Your entropies come back above zero; minus an entropy never is.",
    cause="The sign: minus the entropy is minimised, so that the entropy grows.",
)
def entropies_made_small(solution: Solution) -> Solution:
    return solution.edit(
        "(log_p.exp() * log_p).sum(dim=1).mean()", "-(log_p.exp() * log_p).sum(dim=1).mean()"
    )


@mistake(
    "adversary",
    seen="It works for one style slice; with several it fails, for the shapes do not fit.",
    cause="The discriminator of the facts was given one style slice, or their mean; it reads all "
    "of them, one after the other.",
)
def one_slice_read(solution: Solution) -> Solution:
    return solution.edit("styles.detach().flatten(1)", "styles.detach()[:, 0]").edit(
        "filters.fact_discriminator, styles.flatten(1)", "filters.fact_discriminator, styles[:, 0]"
    )


@mistake(
    "adversary",
    seen="With several style slices, the losses of the facts are wrong; with one they are right.",
    cause="The slices' entries were mixed when they were joined; one slice follows the other.",
)
def slices_interleaved(solution: Solution) -> Solution:
    return solution.edit(
        "styles.detach().flatten(1)", "styles.detach().transpose(1, 2).flatten(1)"
    ).edit(
        "filters.fact_discriminator, styles.flatten(1)",
        "filters.fact_discriminator, styles.transpose(1, 2).flatten(1)",
    )


@mistake(
    "adversary",
    seen="The discriminators' losses are too small by as many times as there are words.",
    cause="The words were averaged; they add up, as the bag's shares already do.",
)
def read_words_averaged(solution: Solution) -> Solution:
    return solution.edit("(style_words * of_style).sum(dim=1)", "(style_words * of_style)").edit(
        "(fact_words * of_fact).sum(dim=1)", "(fact_words * of_fact)"
    )


@mistake(
    "adversary",
    seen="The entropies are too small by as many times as there are words.",
    cause="The words were averaged; an entropy is their sum.",
)
def entropies_averaged(solution: Solution) -> Solution:
    return solution.edit("(log_p.exp() * log_p).sum(dim=1)", "(log_p.exp() * log_p)")


@mistake(
    "adversary",
    seen="The entropies are not a number where a discriminator is sure.",
    cause="A probability of zero met its own logarithm; take the logarithm of the softmax in one "
    "step, and the probability from it.",
)
def zero_times_infinity(solution: Solution) -> Solution:
    return solution.edit(
        "layer.bias.detach()).log_softmax(dim=1)", "layer.bias.detach()).softmax(dim=1).log()"
    )


@mistake(
    "adversary",
    seen="The discriminators' losses are infinite where they are sure of the wrong word.",
    cause="The logarithm was taken of a softmax that had underflowed to zero.",
)
def discriminators_underflow(solution: Solution) -> Solution:
    return solution.edit(
        "(facts.detach()).log_softmax(dim=1)", "(facts.detach()).softmax(dim=1).log()"
    ).edit("flatten(1)).log_softmax(dim=1)", "flatten(1)).softmax(dim=1).log()")


@mistake(
    "adversary",
    seen="In both answers the losses of style and of facts have changed places.",
    cause="The order of what is returned: style words, read from the fact slice, come first.",
)
def style_and_facts_swapped(solution: Solution) -> Solution:
    return solution.edit(
        "return -(style_words * of_style).sum(dim=1).mean(), "
        "-(fact_words * of_fact).sum(dim=1).mean()",
        "return -(fact_words * of_fact).sum(dim=1).mean(), "
        "-(style_words * of_style).sum(dim=1).mean()",
    ).edit("return entropies[0], entropies[1]", "return entropies[1], entropies[0]")


@mistake(
    "adversary",
    seen="All values are right, and all gradients reach both sides: the slices as well as the "
    "discriminators, in all four losses.",
    cause="Nothing is held still. While one side learns, the other must stand: the slices in the "
    "first function, the discriminators in the second.",
)
def nothing_held_still(solution: Solution) -> Solution:
    return (
        solution.edit("facts.detach()", "facts")
        .edit("styles.detach()", "styles")
        .edit("F.linear(slices, layer.weight.detach(), layer.bias.detach())", "layer(slices)")
    )


@mistake(
    "adversary",
    seen="The entropies come from the slices, but the gradient that arrives there is zero.",
    cause="The probability in front of the logarithm was cut off. What is left is the slope of a "
    "sum of probabilities, and that sum is one wherever the slices are.",
)
def probability_cut_off(solution: Solution) -> Solution:
    return solution.edit("(log_p.exp() * log_p)", "(log_p.exp().detach() * log_p)")


@mistake(
    "adversary",
    seen="The discriminators' losses are infinite where they are sure of the wrong word, and the "
    "entropies are not a number where they are sure at all.",
    cause="In both functions the logarithm was taken of a softmax that had underflowed to zero; "
    "both in one step stay finite.",
)
def logarithms_of_softmax(solution: Solution) -> Solution:
    return (
        solution.edit(
            "(facts.detach()).log_softmax(dim=1)", "(facts.detach()).softmax(dim=1).log()"
        )
        .edit("flatten(1)).log_softmax(dim=1)", "flatten(1)).softmax(dim=1).log()")
        .edit(
            "layer.bias.detach()).log_softmax(dim=1)", "layer.bias.detach()).softmax(dim=1).log()"
        )
    )


@mistake(
    "adversary",
    seen="The discriminators' losses are infinite where they are sure of the wrong word, the "
    "entropies are not a number where they are sure at all, and the slices move with all losses, "
    "the discriminators, too.",
    cause="Two things at once: the logarithm was taken of a softmax that had underflowed to zero, "
    "and nothing is held still while the other side learns.",
)
def nothing_held_and_underflow(solution: Solution) -> Solution:
    return (
        solution.edit("(facts.detach()).log_softmax(dim=1)", "(facts).softmax(dim=1).log()")
        .edit(
            "styles.detach().flatten(1)).log_softmax(dim=1)",
            "styles.flatten(1)).softmax(dim=1).log()",
        )
        .edit(
            "F.linear(slices, layer.weight.detach(), layer.bias.detach()).log_softmax(dim=1)",
            "layer(slices).softmax(dim=1).log()",
        )
    )


@mistake(
    "adversary",
    seen="Your entropies come back above zero, and their gradient reaches the discriminators, too.",
    cause="Two things at once: the sign (minus the entropy is minimised, so that the entropy "
    "grows), and the discriminators were not held still.",
)
def made_small_and_not_held(solution: Solution) -> Solution:
    return solution.edit(
        "F.linear(slices, layer.weight.detach(), layer.bias.detach())", "layer(slices)"
    ).edit("(log_p.exp() * log_p).sum(dim=1).mean()", "-(log_p.exp() * log_p).sum(dim=1).mean()")


@mistake(
    "adversary",
    seen="All four losses are right for one example; for several they grow with their number.",
    cause="The examples were added up; they are averaged.",
)
def examples_added_up(solution: Solution) -> Solution:
    return (
        solution.edit(
            "(style_words * of_style).sum(dim=1).mean()", "(style_words * of_style).sum()"
        )
        .edit("(fact_words * of_fact).sum(dim=1).mean()", "(fact_words * of_fact).sum()")
        .edit("(log_p.exp() * log_p).sum(dim=1).mean()", "(log_p.exp() * log_p).sum()")
    )


@mistake(
    "adversary",
    seen="The discriminators' losses are right until a batch holds a bag without words; then they "
    "are too large.",
    cause="The mean was taken over the bags that have words; all examples of the batch count.",
)
def wordless_examples_skipped(solution: Solution) -> Solution:
    return solution.edit(
        "(style_words * of_style).sum(dim=1).mean()",
        "(style_words * of_style).sum() / (style_words.sum(dim=1) > 0).sum().clamp(min=1)",
    ).edit(
        "(fact_words * of_fact).sum(dim=1).mean()",
        "(fact_words * of_fact).sum() / (fact_words.sum(dim=1) > 0).sum().clamp(min=1)",
    )


# ---- image_vae


@mistake(
    "image_vae",
    seen="Mean and variance have changed places.",
    cause="The first half of the encoder's numbers is the mean, the second belongs to the "
    "variance.",
)
def halves_swapped(solution: Solution) -> Solution:
    return solution.edit("mu, log_variance = self.f", "log_variance, mu = self.f")


@mistake(
    "image_vae",
    seen="Mean and variance hold the same numbers.",
    cause="The first half of the encoder's numbers was used for both.",
)
def first_half_twice(solution: Solution) -> Solution:
    return solution.edit(
        "mu, log_variance = self.f(visual).chunk(2, dim=1)",
        "mu = log_variance = self.f(visual)[:, : self.latent_dim]",
    )


@mistake(
    "image_vae",
    seen="Mean and variance hold the right numbers, every other one in the wrong place.",
    cause="The encoder's numbers were dealt out in turn; they should be cut in the middle.",
)
def dealt_out_in_turn(solution: Solution) -> Solution:
    return solution.edit(
        "self.f(visual).chunk(2, dim=1)", "self.f(visual).unflatten(1, (-1, 2)).unbind(dim=2)"
    )


@mistake(
    "image_vae",
    seen="Your output does not change with the noise.",
    cause="The picture was made again from the mean, not from the sample.",
)
def output_of_mean(solution: Solution) -> Solution:
    return solution.edit("self.g(z)", "self.g(mu)")


@mistake(
    "image_vae",
    seen="Your slices do not change with the noise.",
    cause="The mean was cut into slices; the filters read slices of the sample.",
)
def slices_of_mean(solution: Solution) -> Solution:
    return solution.edit("split_latent(z,", "split_latent(mu,")


@mistake(
    "image_vae",
    seen="The decoder fails, for the shapes do not fit.",
    cause="It was fed the fact slice alone, or mean and variance together; it takes the whole "
    "sample.",
)
def output_of_facts(solution: Solution) -> Solution:
    return solution.edit("self.g(z)", "self.g(facts)")


@mistake(
    "image_vae",
    seen="No mean of yours is below zero.",
    cause="A ReLU stands behind the mean; it may be any number.",
)
def mean_rectified(solution: Solution) -> Solution:
    return solution.edit(
        "        z = self.sample(", "        mu = mu.relu()\n        z = self.sample("
    )


@mistake(
    "image_vae",
    seen="Twice the difference gives four times the loss.",
    cause="The length of the difference was squared.",
)
def length_squared(solution: Solution) -> Solution:
    return solution.edit(".norm(dim=1).mean()", ".square().sum(dim=1).mean()")


@mistake(
    "image_vae",
    seen="Twice the difference gives four times the loss, and long vectors cost no more than "
    "short ones.",
    cause="This is the mean squared error; the length of each difference was asked for.",
)
def mean_squared_error(solution: Solution) -> Solution:
    return solution.edit(".norm(dim=1).mean()", ".square().mean()")


@mistake(
    "image_vae",
    seen="Right for one picture; for several the loss grows with the root of their number.",
    cause="The length was taken of the whole table, not of each picture's difference.",
)
def length_of_table(solution: Solution) -> Solution:
    return solution.edit(".norm(dim=1).mean()", ".norm()")


@mistake(
    "image_vae",
    seen="Right for one picture; for several the loss grows with their number.",
    cause="The pictures' lengths were added up; they are averaged.",
)
def lengths_added_up(solution: Solution) -> Solution:
    return solution.edit(".norm(dim=1).mean()", ".norm(dim=1).sum()")


@mistake(
    "image_vae",
    seen="The loss is too large: all differences add up as if they lay in one direction.",
    cause="Absolute differences were added up; the length is the root of the sum of squares.",
)
def absolute_differences(solution: Solution) -> Solution:
    return solution.edit(".norm(dim=1).mean()", ".abs().sum(dim=1).mean()")


@mistake(
    "image_vae",
    seen="All is right in training; in evaluation mode your answer does not change with the noise.",
    cause="There the mean went on in place of the sample. Whoever wants the mean hands in zeros as "
    "noise.",
)
def mean_when_evaluated(solution: Solution) -> Solution:
    return solution.edit(
        "z = self.sample(mu, log_variance, noise)",
        "z = self.sample(mu, log_variance, noise) if self.training else mu",
    )


@mistake(
    "image_vae",
    seen="The posterior is right; the slices and the output are those of another sample.",
    cause="self.sample was not called: the sample was written out here instead.",
)
def sample_written_out(solution: Solution) -> Solution:
    return solution.edit(
        "z = self.sample(mu, log_variance, noise)", "z = mu + (log_variance / 2).exp() * noise"
    )


@mistake(
    "image_vae",
    seen="The posterior is right; the slices and the output do not change with the given noise.",
    cause="Noise was drawn inside, and the given noise was not used.",
)
def noise_of_its_own(solution: Solution) -> Solution:
    return solution.edit(
        "z = self.sample(mu, log_variance, noise)",
        "z = self.sample(mu, log_variance, torch.randn_like(mu))",
    )


@mistake(
    "image_vae",
    seen="The posterior is right; the slices and the output are those of another sample, and do "
    "not change with the given noise.",
    cause="self.sample was not called: the sample was written out here instead, with noise drawn "
    "inside.",
)
def sample_written_out_own_noise(solution: Solution) -> Solution:
    return solution.edit(
        "z = self.sample(mu, log_variance, noise)",
        "z = mu + (log_variance / 2).exp() * torch.randn_like(mu)",
    )


@mistake(
    "image_vae",
    seen="All numbers are right, but their parts cannot be asked for by name.",
    cause="A plain tuple was returned; a Latent has the names that later pieces use.",
)
def plain_tuple(solution: Solution) -> Solution:
    return solution.edit("return Latent(", "return (")


@mistake(
    "image_vae",
    seen="All numbers are right, but no gradient comes back from the output to the encoder.",
    cause="The decoder was fed a detached sample, so the encoder never learns what is needed to "
    "make the picture again.",
)
def decoder_fed_detached(solution: Solution) -> Solution:
    return solution.edit("self.g(z)", "self.g(z.detach())")


@mistake(
    "image_vae",
    seen="All numbers are right, but no gradient comes back from the slices to the encoder.",
    cause="The slices were detached here. The filters' losses train the encoder; where it must "
    "stand still, they detach by themselves.",
)
def slices_returned_detached(solution: Solution) -> Solution:
    return solution.edit(
        "log_variance, styles, facts)", "log_variance, styles.detach(), facts.detach())"
    )


@mistake(
    "image_vae",
    seen="All numbers are right, but no gradient at all comes back to the encoder.",
    cause="Gradients were switched off while the encoder ran, or mean and variance were detached.",
)
def encoder_without_gradient(solution: Solution) -> Solution:
    return solution.edit("self.f(visual).chunk", "self.f(visual).detach().chunk")


@mistake(
    "image_vae",
    seen="The value of the loss is right, but no gradient comes back from it.",
    cause="A plain number was made of it on the way, or it was cut off from the graph.",
)
def loss_without_gradient(solution: Solution) -> Solution:
    return solution.edit(
        "(visual - output).norm(dim=1).mean()",
        "torch.tensor((visual - output).norm(dim=1).mean().item())",
    )


# ---- caption_vae


@mistake(
    "caption_vae",
    seen="The posterior of a short caption changes with its pads.",
    cause="The reader's last state was taken, which has read the pads; each caption ends earlier.",
)
def reader_reads_pads(solution: Solution) -> Solution:
    return solution.edit("[torch.arange(len(captions)), lengths - 1]", "[:, -1]")


@mistake(
    "caption_vae",
    seen="The posterior does not know the last token of a caption.",
    cause="The reader was asked one place too early: positions count from zero, lengths from one.",
)
def reader_stops_early(solution: Solution) -> Solution:
    return solution.edit(
        "[torch.arange(len(captions)), lengths - 1]", "[torch.arange(len(captions)), lengths - 2]"
    )


@mistake(
    "caption_vae",
    seen="Mean and variance have changed places.",
    cause="The first half of the numbers is the mean, the second belongs to the variance.",
)
def posterior_swapped(solution: Solution) -> Solution:
    return solution.edit("mu, log_variance = self.to_latent", "log_variance, mu = self.to_latent")


@mistake(
    "caption_vae",
    seen="Mean and variance hold the same numbers.",
    cause="The first half of the numbers was used for both.",
)
def mean_twice(solution: Solution) -> Solution:
    return solution.edit(
        "mu, log_variance = self.to_latent(read).chunk(2, dim=1)",
        "mu = log_variance = self.to_latent(read)[:, : self.latent_dim]",
    )


@mistake(
    "caption_vae",
    seen="Neither scores nor slices change with the noise.",
    cause="No sample was drawn: the mean went on in its place.",
)
def nothing_sampled(solution: Solution) -> Solution:
    return solution.edit("z = self.sample(mu, log_variance, noise)", "z = mu")


@mistake(
    "caption_vae",
    seen="The scores know the sample from the writer's first state only; with each word it fades.",
    cause="Nothing of the sample was joined to the words that the writer is fed.",
)
def sample_not_joined(solution: Solution) -> Solution:
    return solution.edit("z.unsqueeze(1).expand", "torch.zeros_like(z).unsqueeze(1).expand")


@mistake(
    "caption_vae",
    seen="The first scores are wrong most of all: the writer starts from nothing.",
    cause="The writer was given the sample with each word, but not the first state made of it.",
)
def writer_starts_empty(solution: Solution) -> Solution:
    return solution.edit(
        "self.writer(fed, (h.unsqueeze(0).contiguous(), c.unsqueeze(0).contiguous()))",
        "self.writer(fed)",
    )


@mistake(
    "caption_vae",
    seen="The writer's hidden state and cell state have changed places.",
    cause="An LSTM takes the hidden state first, then the cell state.",
)
def states_swapped(solution: Solution) -> Solution:
    return solution.edit("h, c, _ = self.init_state", "c, h, _ = self.init_state")


@mistake(
    "caption_vae",
    seen="The writer is fed the very word that it is to predict.",
    cause="The words were taken one place too far to the right: the answer is in the question.",
)
def writer_fed_answer(solution: Solution) -> Solution:
    return solution.edit("embedded[:, :-1]", "embedded[:, 1:]")


@mistake(
    "caption_vae",
    seen="The writer reads the right numbers in another order: the sample first, then the word.",
    cause="The two halves of its input changed places.",
)
def sample_in_front(solution: Solution) -> Solution:
    return solution.edit(
        "[embedded[:, :-1], z.unsqueeze(1).expand(-1, captions.shape[1] - 1, -1)]",
        "[z.unsqueeze(1).expand(-1, captions.shape[1] - 1, -1), embedded[:, :-1]]",
    )


@mistake(
    "caption_vae",
    seen="A long caption weighs no more than a short one in your loss.",
    cause="Each caption's words were averaged; beside a divergence that is a sum they are summed.",
)
def caption_averaged(solution: Solution) -> Solution:
    return solution.edit(
        "masked_fill(~real, 0).sum(dim=1).mean()",
        "masked_fill(~real, 0).sum(dim=1).div(lengths - 1).mean()",
    )


@mistake(
    "caption_vae",
    seen="Your loss is that of one word, not of a caption.",
    cause="All real words of the batch were averaged; they are summed within each caption.",
)
def words_of_batch_averaged(solution: Solution) -> Solution:
    return solution.edit("masked_fill(~real, 0).sum(dim=1).mean()", "masked_select(real).mean()")


@mistake(
    "caption_vae",
    seen="More pads make your loss smaller.",
    cause="All places were averaged, the pads' too, though they add nothing.",
)
def places_averaged(solution: Solution) -> Solution:
    return solution.edit("masked_fill(~real, 0).sum(dim=1).mean()", "masked_fill(~real, 0).mean()")


@mistake(
    "caption_vae",
    seen="More pads make your loss larger.",
    cause="The pads were counted as if they had to be predicted.",
)
def pads_predicted(solution: Solution) -> Solution:
    return solution.edit(".masked_fill(~real, 0)", "")


@mistake(
    "caption_vae",
    seen="A writer that says each word once more would have no loss.",
    cause="The scores were compared with the words that were fed, not with the next ones.",
)
def fed_words_predicted(solution: Solution) -> Solution:
    return solution.edit("captions[:, 1:].unsqueeze(2)", "captions[:, :-1].unsqueeze(2)")


@mistake(
    "caption_vae",
    seen="The loss lacks the last target of each caption.",
    cause="<end> was left out; the writer must learn to stop.",
)
def end_not_counted(solution: Solution) -> Solution:
    return solution.edit("(lengths - 1).unsqueeze(1)", "(lengths - 2).unsqueeze(1)")


@mistake(
    "caption_vae",
    seen="The loss counts one target too many where pads follow.",
    cause="There is one target fewer than tokens: <start> is never predicted.",
)
def one_pad_counted(solution: Solution) -> Solution:
    return solution.edit("(lengths - 1).unsqueeze(1)", "lengths.unsqueeze(1)")


@mistake(
    "caption_vae",
    seen="The loss is right until a place behind the end holds no number; then it holds none, too.",
    cause="Such places were multiplied by zero, and not a number times zero is not a number.",
)
def multiplied_by_zero(solution: Solution) -> Solution:
    return solution.edit("likely.masked_fill(~real, 0)", "(likely * real)")


@mistake(
    "caption_vae",
    seen="The loss is right, but the captions that were given to you are no longer what they were.",
    cause="The pads were overwritten in place, to be ignored; overwrite a copy.",
)
def captions_overwritten(solution: Solution) -> Solution:
    return solution.edit(
        "        return -likely.masked_fill(~real, 0).sum(dim=1).mean()",
        "        captions[:, 1:][~real] = -100\n"
        "        scores, targets = output.transpose(1, 2), captions[:, 1:]\n"
        '        return F.cross_entropy(scores, targets, reduction="sum") / len(captions)',
    )


@mistake(
    "caption_vae",
    seen="The loss counts some pads, and misses some words.",
    cause="Pads were told by the word that stands there, not by the captions' lengths.",
)
def pads_told_by_word(solution: Solution) -> Solution:
    return solution.edit(
        "real = places < (lengths - 1).unsqueeze(1)", "real = captions[:, 1:] != 0"
    )


@mistake(
    "caption_vae",
    seen="The loss is right for one caption; for several it grows with their number.",
    cause="The captions were added up; they are averaged.",
)
def captions_added_up(solution: Solution) -> Solution:
    return solution.edit("masked_fill(~real, 0).sum(dim=1).mean()", "masked_fill(~real, 0).sum()")


@mistake(
    "caption_vae",
    seen="Your loss is that of one word, not of a caption, and it changes with the pads.",
    cause="All places of the batch were averaged, and the pads were counted as if they had to be "
    "predicted.",
)
def places_and_pads_averaged(solution: Solution) -> Solution:
    return solution.edit("masked_fill(~real, 0).sum(dim=1).mean()", "mean()")


@mistake(
    "caption_vae",
    seen="The posterior of a short caption changes with its pads, and more pads make your loss "
    "larger.",
    cause="Pads were treated as words, twice: the reader's last state has read them, and the loss "
    "counts them as if they had to be predicted.",
)
def pads_read_and_predicted(solution: Solution) -> Solution:
    return solution.edit("[torch.arange(len(captions)), lengths - 1]", "[:, -1]").edit(
        ".masked_fill(~real, 0)", ""
    )


@mistake(
    "caption_vae",
    seen="The posterior of a short caption changes with its pads; your loss is that of one word, "
    "and changes with them, too.",
    cause="The reader's last state was taken, which has read the pads, and the loss averages over "
    "all places, the pads' as well.",
)
def pads_read_and_averaged(solution: Solution) -> Solution:
    return solution.edit("[torch.arange(len(captions)), lengths - 1]", "[:, -1]").edit(
        "masked_fill(~real, 0).sum(dim=1).mean()", "mean()"
    )


@mistake(
    "caption_vae",
    seen="All is right in training; in evaluation mode your answer does not change with the noise.",
    cause="There the mean went on in place of the sample. Whoever wants the mean hands in zeros as "
    "noise.",
)
def caption_mean_when_evaluated(solution: Solution) -> Solution:
    return solution.edit(
        "z = self.sample(mu, log_variance, noise)",
        "z = self.sample(mu, log_variance, noise) if self.training else mu",
    )


@mistake(
    "caption_vae",
    seen="The posterior is right; slices and scores are those of another sample.",
    cause="self.sample was not called: the sample was written out here instead.",
)
def caption_sample_written_out(solution: Solution) -> Solution:
    return solution.edit(
        "z = self.sample(mu, log_variance, noise)", "z = mu + (log_variance / 2).exp() * noise"
    )


@mistake(
    "caption_vae",
    seen="The posterior is right; slices and scores do not change with the given noise.",
    cause="Noise was drawn inside, and the given noise was not used.",
)
def caption_noise_of_its_own(solution: Solution) -> Solution:
    return solution.edit(
        "z = self.sample(mu, log_variance, noise)",
        "z = self.sample(mu, log_variance, torch.randn_like(mu))",
    )


@mistake(
    "caption_vae",
    seen="The posterior is right; slices and scores are those of another sample, and do not change "
    "with the given noise.",
    cause="self.sample was not called: the sample was written out here instead, with noise drawn "
    "inside.",
)
def caption_sample_own_noise(solution: Solution) -> Solution:
    return solution.edit(
        "z = self.sample(mu, log_variance, noise)",
        "z = mu + (log_variance / 2).exp() * torch.randn_like(mu)",
    )


@mistake(
    "caption_vae",
    seen="All numbers are right, but their parts cannot be asked for by name.",
    cause="A plain tuple was returned; a Latent has the names that later pieces use.",
)
def caption_plain_tuple(solution: Solution) -> Solution:
    return solution.edit("return Latent(", "return (")


@mistake(
    "caption_vae",
    seen="All numbers are right, but no gradient comes back from the scores to the reader.",
    cause="The writer was fed a detached sample, so the reader never learns what is needed to "
    "write the caption again.",
)
def writer_fed_detached(solution: Solution) -> Solution:
    return solution.edit("= self.init_state(z)", "= self.init_state(z.detach())").edit(
        "z.unsqueeze(1).expand", "z.detach().unsqueeze(1).expand"
    )


@mistake(
    "caption_vae",
    seen="All numbers are right, but no gradient comes back from the slices to the reader.",
    cause="The slices were detached here. The filters' losses train the reader; where it must "
    "stand still, they detach by themselves.",
)
def caption_slices_detached(solution: Solution) -> Solution:
    return solution.edit(
        "log_variance, styles, facts)", "log_variance, styles.detach(), facts.detach())"
    )


@mistake(
    "caption_vae",
    seen="All numbers are right, but no gradient at all comes back to the reader.",
    cause="Gradients were switched off while it read, or what it knows in the end was detached.",
)
def reader_without_gradient(solution: Solution) -> Solution:
    return solution.edit("self.to_latent(read)", "self.to_latent(read.detach())")


@mistake(
    "caption_vae",
    seen="The value of the loss is right, but no gradient comes back from it.",
    cause="A plain number was made of it on the way, or it was cut off from the graph.",
)
def caption_loss_without_gradient(solution: Solution) -> Solution:
    return solution.edit(
        "-likely.masked_fill(~real, 0).sum(dim=1).mean()",
        "torch.tensor(-likely.masked_fill(~real, 0).sum(dim=1).mean().item())",
    )


# ---- train_step


@mistake(
    "train_step",
    seen="The discriminators move rightly; the encoder moves as if they had not.",
    cause="The encoder's step came first; it plays against the discriminators after their step.",
)
def encoder_first(solution: Solution) -> Solution:
    theirs = (
        "    rmsprop.zero_grad()\n"
        "    sum(model.discriminator_losses(latent, batch)).backward()\n"
        "    rmsprop.step()\n"
    )
    return solution.edit(theirs, "").edit("    adam.step()\n", "    adam.step()\n" + theirs)


@mistake(
    "train_step",
    seen="It fails: weights that are still needed for a gradient have changed in place.",
    cause="All losses were computed before the discriminators moved, and traced back after it.",
)
def losses_too_early(solution: Solution) -> Solution:
    early = "losses = model.losses(latent, batch)\n    "
    return solution.edit(early, "").edit("rmsprop.zero_grad()", early + "rmsprop.zero_grad()")


@mistake(
    "train_step",
    seen="The first minibatch is right; then the discriminators follow old gradients and those of "
    "the encoder's loss.",
    cause="The discriminators' gradients were never forgotten.",
)
def discriminators_remember(solution: Solution) -> Solution:
    return solution.edit("rmsprop.zero_grad()\n    ", "")


@mistake(
    "train_step",
    seen="The discriminators move rightly; the encoder is right in the first minibatch only.",
    cause="The encoder's gradients were never forgotten, so they add up.",
)
def encoder_remembers(solution: Solution) -> Solution:
    return solution.edit("adam.zero_grad()\n    ", "")


@mistake(
    "train_step",
    seen="Neither the discriminators nor the encoder moves.",
    cause="The gradients were forgotten between tracing them back and taking the step.",
)
def forgets_before_step(solution: Solution) -> Solution:
    return (
        solution.edit("rmsprop.zero_grad()\n    ", "")
        .edit("rmsprop.step()", "rmsprop.zero_grad()\n    rmsprop.step()")
        .edit("adam.zero_grad()\n    ", "")
        .edit("adam.step()", "adam.zero_grad()\n    adam.step()")
    )


@mistake(
    "train_step",
    seen="The first minibatch is right, unless gradients were left there before; then the "
    "discriminators follow the encoder's loss as well.",
    cause="Each side forgot its gradients after its own step. Forget them before: the encoder's "
    "loss leaves some with the discriminators.",
)
def forgets_after_step(solution: Solution) -> Solution:
    return (
        solution.edit("rmsprop.zero_grad()\n    ", "")
        .edit("rmsprop.step()", "rmsprop.step()\n    rmsprop.zero_grad()")
        .edit("adam.zero_grad()\n    ", "")
        .edit("adam.step()", "adam.step()\n    adam.zero_grad()")
    )


@mistake(
    "train_step",
    seen="The discriminators move rightly; the encoder moves as if all losses weighed the same.",
    cause="The weights of the losses were left out.",
)
def losses_not_weighed(solution: Solution) -> Solution:
    return solution.edit("weights[name] * loss for", "loss for")


@mistake(
    "train_step",
    seen="The discriminators follow the encoder's loss, too.",
    cause="All losses were traced back together, and both sides stepped on the mixture.",
)
def traced_back_together(solution: Solution) -> Solution:
    return (
        solution.edit(
            "sum(model.discriminator_losses(latent, batch)).backward()\n    rmsprop.step()\n    ",
            "theirs = sum(model.discriminator_losses(latent, batch))\n    ",
        )
        .edit("sum(weights[name]", "(theirs + sum(weights[name]")
        .edit("losses.items()).backward()", "losses.items())).backward()")
        .edit("adam.step()", "rmsprop.step()\n    adam.step()")
    )


@mistake(
    "train_step",
    seen="The discriminators do not go where they should: one of their two losses is not felt.",
    cause="Only one of the two losses of the discriminators was traced back.",
)
def one_loss_of_two(solution: Solution) -> Solution:
    return solution.edit(
        "sum(model.discriminator_losses(latent, batch)).backward()",
        "model.discriminator_losses(latent, batch)[0].backward()",
    )


@mistake(
    "train_step",
    seen="The discriminators never move.",
    cause="Their gradients were computed, but the step was forgotten.",
)
def discriminators_never_step(solution: Solution) -> Solution:
    return solution.edit("rmsprop.step()\n    ", "")


@mistake(
    "train_step",
    seen="All weights move rightly, but the values that you return are weighted.",
    cause="The losses come back as they are; the weights are for the sum only.",
)
def weighted_values(solution: Solution) -> Solution:
    return solution.edit("name: loss.item()", "name: weights[name] * loss.item()")


@mistake(
    "train_step",
    seen="All weights move rightly, but what you return are tensors, not plain numbers.",
    cause="The losses were not turned into numbers; kept in a history, tensors fill the memory.",
)
def returns_tensors(solution: Solution) -> Solution:
    return solution.edit("name: loss.item()", "name: loss")


@mistake(
    "train_step",
    seen="The first minibatch is right, if nothing was left there before; then both sides follow "
    "old gradients, and the discriminators those of the encoder's loss, too.",
    cause="No gradients are ever forgotten, on either side; they add up from step to step.",
)
def nothing_forgotten(solution: Solution) -> Solution:
    return solution.edit("rmsprop.zero_grad()\n    ", "").edit("adam.zero_grad()\n    ", "")


@mistake(
    "train_step",
    seen="The encoder moves as if the discriminators had not, and the discriminators learn from "
    "where it stands after its step.",
    cause="The encoder's step came first, and a second pass followed it. The discriminators come "
    "first, and the encoder plays against them as they are after their step.",
)
def encoder_first_second_pass(solution: Solution) -> Solution:
    theirs = (
        "    rmsprop.zero_grad()\n"
        "    sum(model.discriminator_losses(latent, batch)).backward()\n"
        "    rmsprop.step()\n"
    )
    again = "    adam.step()\n    latent = model(batch, noise)\n"
    return solution.edit(theirs, "").edit("    adam.step()\n", again + theirs)


# ---- disentangled_space_accuracy


@mistake(
    "disentangled_space_accuracy",
    seen="Your accuracies are too high, most of all where the test codes differ from the train "
    "codes.",
    cause="The classifiers were fitted to the test codes they are scored on.",
)
def fitted_to_test(solution: Solution) -> Solution:
    return solution.edit(
        "probe.fit(train_codes[:, columns].numpy(), train_labels.numpy())",
        "probe.fit(test_codes[:, columns].numpy(), test_labels.numpy())",
    )


@mistake(
    "disentangled_space_accuracy",
    seen="Your accuracies do not change with the test codes.",
    cause="The classifiers were scored on the train codes.",
)
def scored_on_train(solution: Solution) -> Solution:
    return solution.edit(
        "probe.score(test_codes[:, columns].numpy(), test_labels.numpy())",
        "probe.score(train_codes[:, columns].numpy(), train_labels.numpy())",
    )


@mistake(
    "disentangled_space_accuracy",
    seen="Columns of tiny numbers are read at chance only.",
    cause="The columns were not standardised, or all by the same two numbers, so the classifier's "
    "penalty falls on the small ones.",
)
def not_standardised(solution: Solution) -> Solution:
    return solution.edit("make_pipeline(StandardScaler(), ", "make_pipeline(")


@mistake(
    "disentangled_space_accuracy",
    seen="Right where the test codes lie where the train codes do; else the shift is gone.",
    cause="The test codes were standardised by their own mean and deviation.",
)
def standardised_by_test(solution: Solution) -> Solution:
    return solution.edit(
        "probe.score(test_codes[:, columns].numpy(), test_labels.numpy())",
        "probe[1].score(\n"
        "            StandardScaler().fit_transform(test_codes[:, columns].numpy()),\n"
        "            test_labels.numpy(),\n"
        "        )",
    )


@mistake(
    "disentangled_space_accuracy",
    seen="It fails where a column never changes: something there is not a number.",
    cause="Such a column was divided by its deviation, which is zero.",
)
def divided_by_zero(solution: Solution) -> Solution:
    by_hand = (
        "middle, width = train_codes.mean(dim=0), train_codes.std(dim=0)\n"
        "    train_codes = (train_codes - middle) / width\n"
        "    test_codes = (test_codes - middle) / width\n"
    )
    return solution.edit("make_pipeline(StandardScaler(), ", "make_pipeline(").edit(
        "found = {}\n", "found = {}\n    " + by_hand
    )


@mistake(
    "disentangled_space_accuracy",
    seen="All spaces have the accuracy of the first.",
    cause="The columns of the first space were used for every name.",
)
def first_space_for_all(solution: Solution) -> Solution:
    return solution.edit(
        "probe = make", "columns = next(iter(spaces.values()))\n        probe = make"
    )


@mistake(
    "disentangled_space_accuracy",
    seen="All spaces have the accuracy of the whole codes.",
    cause="The classifiers were given all columns, whatever the space.",
)
def all_columns_for_all(solution: Solution) -> Solution:
    return solution.edit("probe = make", "columns = slice(None)\n        probe = make")


@mistake(
    "disentangled_space_accuracy",
    seen="It fails, or later spaces are read badly: a classifier meets columns it has not learnt.",
    cause="One classifier, fitted to the first space, was scored on all.",
)
def one_classifier_for_all(solution: Solution) -> Solution:
    made = "probe = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))\n"
    return (
        solution.edit(f"        {made}", "")
        .edit("found = {}\n", "found = {}\n    " + made)
        .edit("        probe.fit(", "        found or probe.fit(")
    )


@mistake(
    "disentangled_space_accuracy",
    seen="Accuracies are right where styles lie apart; your classifier leans less to the frequent "
    "style than scikit-learn's default.",
    cause="The regularisation is weaker than the default, or the classifier is another one, such "
    "as a support vector machine.",
)
def weakly_regularised(solution: Solution) -> Solution:
    return solution.edit("max_iter=1000)", "max_iter=1000, C=1e6)")


@mistake(
    "disentangled_space_accuracy",
    seen="Accuracies are right where styles lie apart; your classifier leans more to the frequent "
    "style than scikit-learn's default.",
    cause="The regularisation was made stronger than the default.",
)
def strongly_regularised(solution: Solution) -> Solution:
    return solution.edit("max_iter=1000)", "max_iter=1000, C=0.01)")


@mistake(
    "disentangled_space_accuracy",
    seen="Accuracies are right where styles lie apart; your classifier treats a rare style as if "
    "it were as frequent as the other.",
    cause="The classes were weighted; the defaults do not weigh them.",
)
def classes_balanced(solution: Solution) -> Solution:
    return solution.edit("max_iter=1000)", 'max_iter=1000, class_weight="balanced")')


@mistake(
    "disentangled_space_accuracy",
    seen="Your answers are a hundred times too large.",
    cause="Percentages were returned; shares lie between zero and one.",
)
def percentages(solution: Solution) -> Solution:
    return solution.edit("float(probe.score(", "100 * float(probe.score(")


@mistake(
    "disentangled_space_accuracy",
    seen="The better a space can be read, the smaller your number.",
    cause="The share of wrong answers was returned.",
)
def share_of_errors(solution: Solution) -> Solution:
    return solution.edit("float(probe.score(", "1 - float(probe.score(")


@mistake(
    "disentangled_space_accuracy",
    seen="The whole is right; a space is read badly where it says little that another does not say "
    "better.",
    cause="One classifier of all columns was asked with the others held at their mean. What it has "
    "learnt of a space depends on the others; each space gets a classifier of its own.",
)
def others_held_at_mean(solution: Solution) -> Solution:
    return asked_of_one_classifier(solution, "train_codes.mean(dim=0).repeat(len(test_codes), 1)")


@mistake(
    "disentangled_space_accuracy",
    seen="The whole is right; a space is read badly where it says little that another does not say "
    "better, or where zero is far from another's codes.",
    cause="One classifier of all columns was asked with the others set to zero. What it has learnt "
    "of a space depends on the others; each space gets a classifier of its own.",
)
def others_set_to_zero(solution: Solution) -> Solution:
    return asked_of_one_classifier(solution, "torch.zeros_like(test_codes)")


def asked_of_one_classifier(solution: Solution, others: str) -> Solution:
    """A classifier of all columns for every space, which sees `others` outside of it."""
    return solution.edit(
        "probe.fit(train_codes[:, columns].numpy(), train_labels.numpy())",
        "probe.fit(train_codes.numpy(), train_labels.numpy())\n"
        f"        asked = {others}\n"
        "        asked[:, columns] = test_codes[:, columns]",
    ).edit("test_codes[:, columns].numpy()", "asked.numpy()")
