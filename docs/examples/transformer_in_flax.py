"""Train a small transformer on text, in Flax.

`python transformer_in_flax.py FOLDER` goes on from what FOLDER holds.
"""

import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax
import orbax.checkpoint as ocp
from flax import nnx

import gradlab as gl
from gradlab.lab.problems.real_data.texts import load_text

TEXT = load_text()  # the descriptions of scikit-learn's data sets, 13,000 characters
LETTERS, CONTEXT, WIDTH, HEADS, BLOCKS, ROWS = len(TEXT.alphabet), 32, 64, 4, 2, 8
STEPS, MICRO_BATCHES, SAVE_EVERY = 40, 4, 10


class Block(nnx.Module):
    def __init__(self, rngs):
        self.norm = nnx.LayerNorm(WIDTH, rngs=rngs)
        self.attention = nnx.MultiHeadAttention(HEADS, WIDTH, decode=False, rngs=rngs)
        self.second_norm = nnx.LayerNorm(WIDTH, rngs=rngs)
        self.up = nnx.Linear(WIDTH, 4 * WIDTH, rngs=rngs)
        self.down = nnx.Linear(4 * WIDTH, WIDTH, rngs=rngs)

    def __call__(self, x):
        x = x + self.attention(self.norm(x), mask=nnx.make_causal_mask(jnp.ones(x.shape[:-1])))
        return x + self.down(nnx.gelu(self.up(self.second_norm(x))))


class Transformer(nnx.Module):
    def __init__(self, rngs):
        self.embedding = nnx.Embed(LETTERS, WIDTH, rngs=rngs)
        self.position = nnx.Embed(CONTEXT, WIDTH, rngs=rngs)
        self.blocks = nnx.List([Block(rngs) for _ in range(BLOCKS)])
        self.norm = nnx.LayerNorm(WIDTH, rngs=rngs)
        self.head = nnx.Linear(WIDTH, LETTERS, rngs=rngs)

    def __call__(self, codes):
        x = self.embedding(codes) + self.position(jnp.arange(CONTEXT))
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x))


def build_optimizer(peak=3e-3):
    """Return the whole optimizer as one value, of which `peak` is the largest learning rate."""
    rate = gl.schedules.warmup_cosine(0.0, peak, 10, STEPS)
    norms_and_biases = gl.ndim(1) | gl.path("**/bias") | gl.path("**/scale")
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


GRAPH, PARAMS = nnx.split(Transformer(nnx.Rngs(0)), nnx.Param)


def loss(params, batch):
    """Return the mean number of bits for a character, given those before it."""
    logits = nnx.merge(GRAPH, params)(batch[:, :-1])
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
    early, late, step = build_optimizer(), build_optimizer(peak=2e-3), gl.make_step(loss)
    params, state = PARAMS, jax.jit(early.init)(PARAMS)
    with ocp.CheckpointManager(folder.resolve()) as checkpoints:
        begin = checkpoints.latest_step() or 0
        if begin:
            like = jax.tree.map(ocp.utils.to_shape_dtype_struct, {"params": params, "state": state})
            saved = checkpoints.restore(begin, args=ocp.args.StandardRestore(like))
            params, state = saved["params"], saved["state"]
        for number in range(begin, STEPS * MICRO_BATCHES):
            # Another learning rate is other data: nothing compiles. The number decides, also after a restart.
            tx = early if number < STEPS * MICRO_BATCHES // 2 else late
            params, state, _ = step(tx, params, state, draw_batch(number))
            done = number + 1
            if done % (SAVE_EVERY * MICRO_BATCHES) == 0:
                checkpoints.save(done, args=ocp.args.StandardSave({"params": params, "state": state}))
                checkpoints.wait_until_finished()
                report(done // MICRO_BATCHES, tx, params, state)
    fingerprint = sum(float(jnp.abs(leaf).sum()) for leaf in jax.tree.leaves((params, state)))
    print(f"the end, {fingerprint!r}")


def report(number, tx, params, state):
    """Print the loss of the averaged model on text that is not trained on, the rates and the norms."""
    starts = find_starts(TEXT.test)[:256, None]
    held_out = jnp.asarray(TEXT.codes[starts + np.arange(CONTEXT + 1)])
    bits = jax.jit(loss)(gl.eval_params(tx, state, params), held_out)
    numbers = gl.hyperparameters(tx, state)
    seen = {name: value for name, value in numbers.items() if "learning_rate" in name} | gl.metrics(state)
    lines = [f"{name} {float(value):.2g}" for name, value in seen.items()]
    print(f"step {number}: {bits:.3f} bits", *lines, sep="\n  ", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
