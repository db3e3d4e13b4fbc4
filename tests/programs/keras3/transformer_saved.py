"""A transformer block with position embeddings, on a task of counting; its layers are registered, saved and loaded."""

import os

import numpy as np

import keras
from keras import layers, ops


@keras.saving.register_keras_serializable(package="Transformers")
class TransformerBlock(layers.Layer):
    def __init__(self, embed_dim, num_heads, ff_dim, rate=0.1, **kwargs):
        super().__init__(**kwargs)
        self.embed_dim, self.num_heads, self.ff_dim, self.rate = embed_dim, num_heads, ff_dim, rate
        self.att = layers.MultiHeadAttention(num_heads=num_heads, key_dim=embed_dim // num_heads)
        self.ffn = keras.Sequential([layers.Dense(ff_dim, activation="gelu"), layers.Dense(embed_dim)])
        self.layernorm1 = layers.LayerNormalization(epsilon=1e-6)
        self.layernorm2 = layers.LayerNormalization(epsilon=1e-6)
        self.dropout1 = layers.Dropout(rate)
        self.dropout2 = layers.Dropout(rate)

    def call(self, inputs, training=None):
        attn_output = self.att(inputs, inputs)
        attn_output = self.dropout1(attn_output, training=training)
        out1 = self.layernorm1(inputs + attn_output)
        ffn_output = self.dropout2(self.ffn(out1), training=training)
        return self.layernorm2(out1 + ffn_output)

    def get_config(self):
        config = super().get_config()
        config.update(embed_dim=self.embed_dim, num_heads=self.num_heads, ff_dim=self.ff_dim, rate=self.rate)
        return config


@keras.saving.register_keras_serializable(package="Transformers")
class TokenAndPositionEmbedding(layers.Layer):
    def __init__(self, maxlen, vocab_size, embed_dim, **kwargs):
        super().__init__(**kwargs)
        self.maxlen, self.vocab_size, self.embed_dim = maxlen, vocab_size, embed_dim
        self.token_emb = layers.Embedding(input_dim=vocab_size, output_dim=embed_dim)
        self.pos_emb = layers.Embedding(input_dim=maxlen, output_dim=embed_dim)

    def call(self, x):
        positions = ops.arange(0, ops.shape(x)[-1], 1)
        return self.token_emb(x) + self.pos_emb(positions)

    def get_config(self):
        return {
            **super().get_config(),
            "maxlen": self.maxlen,
            "vocab_size": self.vocab_size,
            "embed_dim": self.embed_dim,
        }


keras.utils.set_random_seed(21)
maxlen, vocab_size, embed_dim = 12, 6, 16
rng = np.random.default_rng(21)
x = rng.integers(0, vocab_size, size=(1200, maxlen))
# which comes first: a five or a zero?
first = lambda row, token: np.argmax(row == token) if token in row else 99
y = np.array([int(first(row, 5) < first(row, 0)) for row in x])

inputs = layers.Input(shape=(maxlen,))
h = TokenAndPositionEmbedding(maxlen, vocab_size, embed_dim)(inputs)
h = TransformerBlock(embed_dim, num_heads=2, ff_dim=32)(h)
h = layers.GlobalAveragePooling1D()(h)
h = layers.Dense(16, activation="relu")(h)
outputs = layers.Dense(2, activation="softmax")(h)
model = keras.Model(inputs=inputs, outputs=outputs)
model.compile(optimizer=keras.optimizers.Adam(5e-3), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(x[:1000], y[:1000], batch_size=50, epochs=10, verbose=0)
print("accuracy %.3f" % model.evaluate(x[1000:], y[1000:], verbose=0)[1], "parameters", model.count_params())
print([layer.name for layer in model.layers])

model.save("transformer.keras")
again = keras.models.load_model("transformer.keras")
p = model.predict(x[:50], verbose=0)
print("the same after loading:", np.allclose(p, again.predict(x[:50], verbose=0), atol=1e-5))
print(type(again.layers[2]).__name__, again.layers[2].get_config()["ff_dim"], again.layers[2].att.num_heads)
print(keras.saving.get_registered_name(TransformerBlock), again.optimizer.name, int(again.optimizer.iterations))
again.fit(x[:200], y[:200], verbose=0)
print("trains on:", int(again.optimizer.iterations))
_, scores = again.layers[2].att(
    np.zeros((1, 5, 16), "float32"), np.zeros((1, 5, 16), "float32"), return_attention_scores=True
)
print("attention", scores.shape, "even:", np.allclose(scores, 0.2, atol=1e-6), os.path.exists("transformer.keras"))
causal = again.layers[2].att(np.zeros((1, 3, 16)), np.zeros((1, 3, 16)), use_causal_mask=True, return_attention_scores=True)
print(np.round(np.array(causal[1])[0, 0], 2).tolist())

# prints: accuracy <0.85..1> parameters 2818
# prints: ['input_layer', 'token_and_position_embedding', 'transformer_block', 'global_average_pooling1d', 'dense_2', 'dense_3']
# prints: the same after loading: True
# prints: TransformerBlock 32 2
# prints: Transformers>TransformerBlock adam 200
# prints: trains on: 207
# prints: attention (1, 2, 5, 5) even: True True
# prints: [[1.0, 0.0, 0.0], [0.5, 0.5, 0.0], [0.33..., 0.33..., 0.33...]]
# slow
