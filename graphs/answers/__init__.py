"""How an answer reads without a chat model: pure functions of a question and sentences, each with what it rests on."""
