//! Desired against observed gives a plan: a value with a reason per step. Executes nothing.
