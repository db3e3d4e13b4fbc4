"""Reinforcement learning on a walk of five cells: a deep Q network with replay, then an actor-critic, both by tapes."""

import random
from collections import deque

import numpy as np
import tensorflow as tf
from tensorflow import keras
from tensorflow.keras import layers

seed = 42
random.seed(seed)
np.random.seed(seed)
tf.random.set_seed(seed)


class Walk:
    """Go right to the end: +1 there, -0.05 for every step; at most 15 steps."""

    n, num_actions = 5, 2

    def reset(self):
        self.place, self.steps = random.randrange(self.n - 1), 0
        return self.observe()

    def observe(self):
        return np.eye(self.n, dtype="float32")[self.place]

    def step(self, action):
        self.place = max(0, self.place + (1 if action == 1 else -1))
        self.steps += 1
        done = self.place == self.n - 1 or self.steps >= 15
        return self.observe(), (1.0 if self.place == self.n - 1 else -0.05), done, {}


env = Walk()
gamma = 0.95


def create_q_model():
    inputs = layers.Input(shape=(env.n,))
    layer1 = layers.Dense(16, activation="relu")(inputs)
    action = layers.Dense(env.num_actions, activation="linear")(layer1)
    return keras.Model(inputs=inputs, outputs=action)


model = create_q_model()
model_target = create_q_model()
model_target.set_weights(model.get_weights())
optimizer = keras.optimizers.Adam(learning_rate=0.01, clipnorm=1.0)
loss_function = keras.losses.Huber()
replay = deque(maxlen=500)


@tf.function
def learn(state_sample, updated_q_values, action_sample):
    masks = tf.one_hot(action_sample, env.num_actions)
    with tf.GradientTape() as tape:
        # Train the model on the states and updated Q-values
        q_values = model(state_sample)
        # Apply the masks to the Q-values to get the Q-value for action taken
        q_action = tf.reduce_sum(tf.multiply(q_values, masks), axis=1)
        # Calculate loss between new Q-value and old Q-value
        loss = loss_function(updated_q_values, q_action)
    # Backpropagation
    grads = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(grads, model.trainable_variables))
    return loss


epsilon, frames = 1.0, 0
for episode in range(40):
    state = env.reset()
    while True:
        frames += 1
        if epsilon > np.random.rand():
            action = np.random.choice(env.num_actions)
        else:
            state_tensor = tf.convert_to_tensor(state)
            state_tensor = tf.expand_dims(state_tensor, 0)
            action_probs = model(state_tensor, training=False)
            # Take best action
            action = tf.argmax(action_probs[0]).numpy()
        epsilon = max(epsilon * 0.99, 0.1)
        state_next, reward, done, _ = env.step(action)
        replay.append((state, action, reward, state_next, float(done and env.steps < 15)))
        state = state_next
        if len(replay) >= 32 and frames % 2 == 0:
            s, a, r, s2, d = map(np.array, zip(*random.sample(list(replay), 32)))
            future = model_target(s2).numpy().max(axis=1)
            learn(s, (r + gamma * future * (1 - d)).astype("float32"), a.astype("int32"))
        if frames % 40 == 0:
            model_target.set_weights(model.get_weights())
        if done:
            break
best = np.argmax(model.predict(np.eye(env.n)[:-1], verbose=0), axis=1)
print("DQN goes right from", best.sum(), "of", len(best), "cells")

# Actor and critic
num_inputs, num_actions, num_hidden = env.n, 2, 16
inputs = layers.Input(shape=(num_inputs,))
common = layers.Dense(num_hidden, activation="relu")(inputs)
action = layers.Dense(num_actions, activation="softmax")(common)
critic = layers.Dense(1)(common)
model = keras.Model(inputs=inputs, outputs=[action, critic])
optimizer = keras.optimizers.Adam(learning_rate=0.03)
huber_loss = keras.losses.Huber()
eps = np.finfo(np.float32).eps.item()
running_reward = 0

for episode in range(20):
    state = env.reset()
    action_probs_history, critic_value_history, rewards_history = [], [], []
    episode_reward = 0
    with tf.GradientTape() as tape:
        while True:
            state = tf.convert_to_tensor(state)
            state = tf.expand_dims(state, 0)
            # Predict action probabilities and estimated future rewards from environment state
            action_probs, critic_value = model(state)
            critic_value_history.append(critic_value[0, 0])
            # Sample action from action probability distribution
            action = np.random.choice(num_actions, p=np.squeeze(action_probs))
            action_probs_history.append(tf.math.log(action_probs[0, action]))
            state, reward, done, _ = env.step(action)
            rewards_history.append(reward)
            episode_reward += reward
            if done:
                break
        running_reward = 0.1 * episode_reward + 0.9 * running_reward

        returns = []
        discounted_sum = 0
        for r in rewards_history[::-1]:
            discounted_sum = r + gamma * discounted_sum
            returns.insert(0, discounted_sum)
        actor_losses, critic_losses = [], []
        for log_prob, value, ret in zip(action_probs_history, critic_value_history, returns):
            diff = ret - value
            actor_losses.append(-log_prob * tf.stop_gradient(diff))  # actor loss
            critic_losses.append(
                huber_loss(tf.expand_dims(value, 0), tf.expand_dims(ret, 0))
            )
        loss_value = sum(actor_losses) + sum(critic_losses)
    grads = tape.gradient(loss_value, model.trainable_variables)
    optimizer.apply_gradients(zip(grads, model.trainable_variables))

probabilities, values = model(np.eye(env.n, dtype="float32")[:-1])
print("actor goes right with %.2f" % tf.reduce_mean(probabilities[:, 1]).numpy())
print("running reward: {:.2f}".format(running_reward), values.shape)

# prints: DQN goes right from <3..4> of 4 cells
# prints: actor goes right with <0.55..1.0>
# prints: running reward: <0..1> (4, 1)
# slow
