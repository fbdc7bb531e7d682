"""Train a small transformer on text, in Equinox.

`python transformer_in_equinox.py FOLDER` goes on from what FOLDER holds.
"""

import sys
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
import orbax.checkpoint as ocp

import gradlab as gl
from gradlab.lab.problems.real_data.texts import load_text

TEXT = load_text()  # the descriptions of scikit-learn's data sets, 13,000 characters
LETTERS, CONTEXT, WIDTH, HEADS, BLOCKS, ROWS = len(TEXT.alphabet), 32, 64, 4, 2, 8
STEPS, MICRO_BATCHES, SAVE_EVERY = 40, 4, 10


class Block(eqx.Module):
    norm: eqx.nn.LayerNorm
    attention: eqx.nn.MultiheadAttention
    second_norm: eqx.nn.LayerNorm
    network: eqx.nn.MLP

    def __init__(self, key):
        first, second = jax.random.split(key)
        self.norm, self.second_norm = eqx.nn.LayerNorm(WIDTH), eqx.nn.LayerNorm(WIDTH)
        self.attention = eqx.nn.MultiheadAttention(HEADS, WIDTH, key=first)
        self.network = eqx.nn.MLP(WIDTH, WIDTH, 4 * WIDTH, depth=1, activation=jax.nn.gelu, key=second)

    def __call__(self, x):
        normed = jax.vmap(self.norm)(x)
        x = x + self.attention(normed, normed, normed, mask=jnp.tri(len(x), dtype=bool))
        return x + jax.vmap(self.network)(jax.vmap(self.second_norm)(x))


class Transformer(eqx.Module):
    embedding: eqx.nn.Embedding
    position: eqx.nn.Embedding
    blocks: list[Block]
    norm: eqx.nn.LayerNorm
    head: eqx.nn.Linear

    def __init__(self, key):
        first, second, third, *others = jax.random.split(key, 3 + BLOCKS)
        self.embedding = eqx.nn.Embedding(LETTERS, WIDTH, key=first)
        self.position = eqx.nn.Embedding(CONTEXT, WIDTH, key=second)
        self.blocks = [Block(key) for key in others]
        self.norm = eqx.nn.LayerNorm(WIDTH)
        self.head = eqx.nn.Linear(WIDTH, LETTERS, key=third)

    def __call__(self, codes):
        x = jax.vmap(self.embedding)(codes) + jax.vmap(self.position)(jnp.arange(CONTEXT))
        for block in self.blocks:
            x = block(x)
        return jax.vmap(lambda row: self.head(self.norm(row)))(x)


def build_optimizer(peak=3e-3):
    """Return the whole optimizer as one value, of which `peak` is the largest learning rate."""
    rate = gl.schedules.warmup_cosine(0.0, peak, 10, STEPS)
    norms_and_biases = gl.ndim(1)  # the others are matrices
    by_group = gl.partition(
        (gl.path("embedding/**") | gl.path("position/**"), gl.adam(0.3 * rate)),
        (norms_and_biases, gl.adam(rate)),
        default=gl.adamw(rate, weight_decay=0.1),
    )
    return gl.accumulate(
        gl.average_params(
            gl.chain(
                gl.probe("gradient"),
                gl.clip_by_global_norm(1.0),
                gl.store(by_group, gl.codecs.dynamic_blocks(min_size=1024)),
                gl.probe("update", "norm", "relative_size"),
            ),
            decay=0.9,
        ),
        every=MICRO_BATCHES,
    )


def loss(model, batch):
    """Return the mean number of bits for a character, given those before it."""
    logits = jax.vmap(model)(batch[:, :-1])
    return optax.softmax_cross_entropy_with_integer_labels(logits, batch[:, 1:]).mean() / np.log(2)


def find_starts(sample):
    """Return where rows begin that lie within a sample of the text. Its blocks are longer than a row."""
    return sample[np.isin(sample + CONTEXT, sample)]


def draw_batch(number):
    """Return rows of consecutive characters. Its number alone decides which, also after a restart."""
    rng = np.random.default_rng(number)
    starts = rng.choice(find_starts(TEXT.train), (ROWS, 1))
    return jnp.asarray(TEXT.codes[starts + np.arange(CONTEXT + 1)])


def main(folder):
    early, late = build_optimizer(), build_optimizer(peak=2e-3)
    step = gl.make_step(loss, trainable=eqx.is_inexact_array)
    model = Transformer(jax.random.key(0))
    state = jax.jit(early.init)(eqx.filter(model, eqx.is_inexact_array))
    with ocp.CheckpointManager(folder.resolve()) as checkpoints:
        begin = checkpoints.latest_step() or 0
        if begin:
            arrays, functions = eqx.partition(model, eqx.is_array)
            like = jax.tree.map(ocp.utils.to_shape_dtype_struct, {"model": arrays, "state": state})
            saved = checkpoints.restore(begin, args=ocp.args.StandardRestore(like))
            model, state = eqx.combine(saved["model"], functions), saved["state"]
        for number in range(begin, STEPS * MICRO_BATCHES):
            # Another learning rate is other data: nothing compiles. The number decides, also after a restart.
            tx = early if number < STEPS * MICRO_BATCHES // 2 else late
            model, state, _ = step(tx, model, state, draw_batch(number))
            done = number + 1
            if done % (SAVE_EVERY * MICRO_BATCHES) == 0:
                saved = {"model": eqx.filter(model, eqx.is_array), "state": state}
                checkpoints.save(done, args=ocp.args.StandardSave(saved))
                checkpoints.wait_until_finished()
                report(done // MICRO_BATCHES, tx, model, state)
    leaves = jax.tree.leaves((eqx.filter(model, eqx.is_array), state))
    fingerprint = sum(float(jnp.abs(leaf).sum()) for leaf in leaves)
    print(f"the end, {fingerprint!r}")


def report(number, tx, model, state):
    """Print the loss of the averaged model on text that is not trained on, the rates and the norms."""
    starts = find_starts(TEXT.test)[:256, None]
    held_out = jnp.asarray(TEXT.codes[starts + np.arange(CONTEXT + 1)])
    params, others = eqx.partition(model, eqx.is_inexact_array)
    averaged = eqx.combine(gl.eval_params(tx, state, params), others)
    bits = eqx.filter_jit(loss)(averaged, held_out)
    numbers = gl.hyperparameters(tx, state)
    seen = {name: value for name, value in numbers.items() if "learning_rate" in name} | gl.metrics(state)
    lines = [f"{name} {float(value):.2g}" for name, value in seen.items()]
    print(f"step {number}: {bits:.3f} bits", *lines, sep="\n  ", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
