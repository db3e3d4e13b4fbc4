"""Deep Q-learning with a replay memory, on a corridor: walk right to the end, and don't fall off at the left."""
from __future__ import print_function

import random
from collections import deque

import numpy as np
from keras.layers import Dense
from keras.models import Sequential
from keras.optimizers import Adam

EPISODES = 70
random.seed(3)
np.random.seed(3)


class Corridor(object):
    length = 5

    def reset(self):
        self.place = 1
        self.steps = 0
        return self._state()

    def _state(self):
        state = np.zeros(self.length)
        state[self.place] = 1
        return state

    def step(self, action):
        self.place += 1 if action == 1 else -1
        self.steps += 1
        done = self.place in (0, self.length - 1) or self.steps >= 12
        reward = 1. if self.place == self.length - 1 else -1. if self.place == 0 else -0.05
        return self._state(), reward, done, {}


class DQNAgent:
    def __init__(self, state_size, action_size):
        self.state_size = state_size
        self.action_size = action_size
        self.memory = deque(maxlen=200)
        self.gamma = 0.9  # discount rate
        self.epsilon = 1.0  # exploration rate
        self.epsilon_min = 0.05
        self.epsilon_decay = 0.98
        self.learning_rate = 0.01
        self.model = self._build_model()

    def _build_model(self):
        # Neural Net for Deep-Q learning Model
        model = Sequential()
        model.add(Dense(16, input_dim=self.state_size, activation='relu'))
        model.add(Dense(self.action_size, activation='linear'))
        model.compile(loss='mse', optimizer=Adam(lr=self.learning_rate))
        return model

    def remember(self, state, action, reward, next_state, done):
        self.memory.append((state, action, reward, next_state, done))

    def act(self, state):
        if np.random.rand() <= self.epsilon:
            return random.randrange(self.action_size)
        act_values = self.model.predict(state)
        return np.argmax(act_values[0])  # returns action

    def replay(self, batch_size):
        minibatch = random.sample(self.memory, batch_size)
        for state, action, reward, next_state, done in minibatch:
            target = reward
            if not done:
                target = reward + self.gamma * np.amax(self.model.predict(next_state)[0])
            target_f = self.model.predict(state)
            target_f[0][action] = target
            self.model.fit(state, target_f, epochs=1, verbose=0)
        if self.epsilon > self.epsilon_min:
            self.epsilon *= self.epsilon_decay

    def load(self, name):
        self.model.load_weights(name)

    def save(self, name):
        self.model.save_weights(name)


env = Corridor()
agent = DQNAgent(env.length, 2)
batch_size = 12
for e in range(EPISODES):
    state = np.reshape(env.reset(), [1, env.length])
    for time in range(12):
        action = agent.act(state)
        next_state, reward, done, _ = env.step(action)
        next_state = np.reshape(next_state, [1, env.length])
        agent.remember(state, action, reward, next_state, done)
        state = next_state
        if done:
            if e % 20 == 0:
                print("episode: {}/{}, steps: {}, e: {:.2}".format(e, EPISODES, time + 1, agent.epsilon))
            break
    if len(agent.memory) > batch_size:
        agent.replay(batch_size)
agent.save('corridor-dqn.h5')

again = DQNAgent(env.length, 2)
again.load('corridor-dqn.h5')
values = again.model.predict(np.eye(env.length))
print('policy', values[1:-1].argmax(axis=1).tolist())
print('before the end %.2f' % values[-2, 1])

# prints: episode: 0/70, steps: <1..12>, e: 1.0
# prints: policy [1, 1, 1]
# prints: before the end <0.7..1.3>
# slow
