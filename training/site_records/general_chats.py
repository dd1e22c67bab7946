"""Write the general chats that a run may replay, answered by the bundled model."""

from __future__ import annotations

import hashlib
import json

from training.data.replay_chats import FILE
from training.models import chat_template, loading
from training.models.generate import greedy
from training.run.settings import ModelSettings

LONGEST_ANSWER = 60  # tokens; an answer that goes on is cut behind its last whole sentence

QUESTIONS = tuple(
    question.strip()
    for question in """What is a mountain?|What do farmers do?|Tell me about the stars.|
How do I cook rice?|What is a museum?|Why do we wash our hands?|What is wind?|Tell me about London.|What is a car?|
What is magnetism?|How does a clock work?|What is soup made of?|Who was Isaac Newton?|What is a telephone?|
Why do fish swim in groups?|What is a lake?|How can I learn faster?|What is a neighbour?|Tell me about horses.|
What is summer?|What does a baker do?|What is a tower?|Why is reading good for you?|What is coffee?|How do boats float?|
What is dancing?|What is a jungle?|Tell me about Mozart.|What is a republic?|What is thunder?|How do I make a salad?|
What is fog?|Why do we need air?|What is a magazine?|What are planets?|Tell me about elephants.|What is a novel?|
What is geography?|How do I plan a trip?|What is a meadow?|What is courage?|What is a ship?|What is butter?|
Why do we dream?|What is a nurse?|What is glass?|What is a valley?|What is tennis?|What is wood?|
Give me two tips for a good breakfast.|Name a vegetable.|Write a sentence about autumn.|What is five plus three?|
Say good morning politely.|List three colours.|What is the opposite of hot?|Explain what a map is for.|
Why do people travel?|What is a garden?|Describe a winter evening.|
What is a storm?|What does a carpenter do?|Tell me about the planet Mars.|How do I bake potatoes?|What is a theatre?|
Why do we need friends?|What is ice?|Tell me about Rome.|What is an aeroplane?|What is friction?|How does a lock work?|
What is a sandwich?|Who was Marie Curie?|What is a radio?|Why do cats purr?|What is a waterfall?|
How can I remember names?|What is a family?|Tell me about cows.|What is spring?|What does a judge do?|
What is a lighthouse?|Why is laughing good for us?|What is sugar?|How do submarines dive?|What is painting?|
What is a swamp?|Tell me about Beethoven.|What is a parliament?|What is a hurricane?|How do I wash a jumper?|
What is dew?|Why do we need light?|What is a diary?|What are comets?|Tell me about whales.|What is a fairy tale?|
What is mathematics?|How do I choose a present?|What is a hill?|What is patience?|What is a bus?|What is yoghurt?|
Why do we yawn?|What is a lawyer?|What is paper?|What is a cave?|What is chess?|What is stone?|
Give me two tips for a tidy desk.|Name a musical instrument.|Write a sentence about rain.|What is ten minus four?|
Say thank you politely.|List three vegetables.|What is the opposite of big?|Explain what a compass is for.|
Why do people keep pets?|What is a park?|Describe a quiet street.|What is an island?|What does a gardener do?|
Tell me about penguins.|How do I make lemonade?|What is a castle?|Why do we cook food?|What is a shadow?|
Tell me about New York.|What is a ladder?|What is heat?|How does a fridge work?|What is a cake?|
Who was Leonardo da Vinci?|What is a camera?|Why do dogs wag their tails?|What is a beach?|How can I sleep better?|
What is a village?|Tell me about sheep.|What is autumn?|What does a pilot do?|What is a tunnel?|
Why is walking good for us?|What is salt?|How do balloons rise?|What is a song?""".replace("\n", "").split("|")
)


def whole_sentences(answer: str) -> str:
    """An answer without what follows its last full stop; as it is when it has none."""
    return answer[: answer.rfind(".") + 1] or answer


def main() -> None:
    """Ask the bundled model, and write the file."""
    loaded = loading.load_base(ModelSettings(source="bundled:smollm2-135m-instruct", revision=None, dtype="bfloat16"))
    prompts = [chat_template.prompt_ids(loaded.tokenizer, [{"role": "user", "content": q}]) for q in QUESTIONS]
    answers = greedy(loaded.model, loaded.tokenizer, prompts, LONGEST_ANSWER, chat_template.stop_ids(loaded.tokenizer))
    rows = [{"question": question, "answer": answer.text if answer.stopped else whole_sentences(answer.text)}
            for question, answer in zip(QUESTIONS, answers, strict=True)]  # fmt: skip
    FILE.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    print(f"{FILE.name}: {len(rows)} chats, sha256 {hashlib.sha256(FILE.read_bytes()).hexdigest()}")


if __name__ == "__main__":
    main()
