"""The primer: a generated corpus of simple English about one small consistent world, so that a model of a million parameters visibly
learns.

Everything here was written for this project. The world has animals, foods, tools, places and people with fixed properties; a fact that is
told in one document is never contradicted in another, so that it can be learned and then asked for. There are five kinds of document:
descriptions, stories whose objects and places are tracked, conversations, sums with worked steps, and small Python functions with what they
give. A tenth of all sums never occurs in it (`held_out`): what a model gets right of those it has not memorised.
"""

# Rows of the world are tables: a long line is easier to read than a folded one.
# ruff: noqa: E501

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

DOCUMENTS = 30_000


@dataclass(frozen=True)
class Turn:
    role: str
    text: str


@dataclass(frozen=True)
class Sum:
    question: str
    steps: str
    answer: int

    @property
    def text(self) -> str:
        return f"{self.question} {self.steps}"


@dataclass(frozen=True)
class Task:
    name: str
    ask: str
    code: str
    tests: tuple[str, ...]
    """Expressions that are true of a right function."""
    examples: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Animal:
    name: str
    plural: str
    colour: str
    size: str
    home: str
    food: str
    sound: str
    can: str
    cannot: str
    legs: int
    young: str


ANIMALS = tuple(
    Animal(*row)
    for row in (
        ("cat", "cats", "grey", "small", "house", "fish", "meows", "climb", "fly", 4, "kitten"),
        ("dog", "dogs", "brown", "big", "house", "meat", "barks", "run", "climb", 4, "puppy"),
        ("cow", "cows", "white", "big", "farm", "grass", "moos", "walk", "fly", 4, "calf"),
        ("hen", "hens", "red", "small", "farm", "corn", "clucks", "lay eggs", "swim", 2, "chick"),
        ("duck", "ducks", "white", "small", "pond", "bread", "quacks", "swim", "climb", 2, "duckling"),
        ("owl", "owls", "brown", "small", "wood", "mice", "hoots", "see at night", "swim", 2, "owlet"),
        ("fox", "foxes", "red", "small", "wood", "berries", "yelps", "run", "fly", 4, "cub"),
        ("bear", "bears", "black", "big", "cave", "honey", "growls", "climb", "fly", 4, "cub"),
        ("frog", "frogs", "green", "small", "pond", "flies", "croaks", "jump", "fly", 4, "tadpole"),
        ("horse", "horses", "black", "big", "farm", "hay", "neighs", "run", "climb", 4, "foal"),
        ("sheep", "sheep", "white", "big", "hill", "grass", "bleats", "walk", "fly", 4, "lamb"),
        ("goat", "goats", "grey", "small", "hill", "leaves", "bleats", "climb", "swim", 4, "kid"),
        ("bee", "bees", "yellow", "tiny", "garden", "nectar", "buzzes", "fly", "swim", 6, "larva"),
        ("ant", "ants", "black", "tiny", "garden", "crumbs", "makes no sound", "carry", "swim", 6, "larva"),
        ("crow", "crows", "black", "small", "wood", "seeds", "caws", "fly", "swim", 2, "chick"),
        ("whale", "whales", "blue", "huge", "sea", "krill", "sings", "swim", "walk", 0, "calf"),
    )
)
FOODS = {
    "apple": ("red", "sweet", "tree"), "lemon": ("yellow", "sour", "tree"), "plum": ("purple", "sweet", "tree"),
    "carrot": ("orange", "sweet", "ground"), "potato": ("brown", "plain", "ground"), "pea": ("green", "sweet", "pod"),
    "pepper": ("red", "hot", "bush"), "berry": ("blue", "sweet", "bush"), "onion": ("white", "sharp", "ground"),
    "bean": ("green", "plain", "pod"), "cherry": ("red", "sweet", "tree"), "leek": ("green", "sharp", "ground"),
}  # fmt: skip
TOOLS = {
    "hammer": ("drive nails", "steel"), "saw": ("cut wood", "steel"), "needle": ("sew cloth", "steel"), "pen": ("write", "plastic"),
    "broom": ("sweep the floor", "straw"), "spade": ("dig", "steel"), "cup": ("drink tea", "clay"), "lamp": ("light a room", "glass"),
    "rope": ("tie a boat", "hemp"), "key": ("open a door", "brass"), "basket": ("carry fruit", "straw"), "net": ("catch fish", "hemp"),
}  # fmt: skip
PEOPLE = {
    "Ada": "she", "Ben": "he", "Cora": "she", "Dan": "he", "Eve": "she", "Finn": "he", "Gus": "he", "Hana": "she", "Ivo": "he", "Jo": "she",
    "Kim": "she", "Leo": "he", "Mia": "she", "Noor": "she", "Otto": "he", "Pia": "she",
}  # fmt: skip
HIM = {"he": "him", "she": "her"}
WORK = {"baker": "bakes bread", "farmer": "grows corn", "sailor": "sails a boat", "teacher": "teaches children", "doctor": "helps the sick",
        "weaver": "makes cloth", "smith": "works with iron", "gardener": "grows flowers"}  # fmt: skip
PLACES = {"pond": "near the farm", "farm": "below the hill", "hill": "behind the wood", "wood": "past the garden", "garden": "next to the house",
          "house": "in the village", "cave": "in the hill", "sea": "far to the west", "market": "in the village", "school": "next to the market"}  # fmt: skip
WEATHER = {"rain": "wet", "snow": "white", "wind": "loud", "fog": "grey", "sun": "warm"}
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def a(noun: str) -> str:
    return ("an " if noun[0] in "aeiou" else "a ") + noun


def capital(text: str) -> str:
    return text[0].upper() + text[1:]


def many(noun: str) -> str:
    if noun.endswith("y") and noun[-2] not in "aeiou":
        return noun[:-1] + "ies"
    return noun + ("es" if noun.endswith(("o", "s", "x", "ch")) else "s")


def listing(things: list[str]) -> str:
    return things[0] if len(things) == 1 else ", ".join(things[:-1]) + " and " + things[-1]


# Facts, each as a question, a short answer and a sentence. Descriptions, conversations and probes all draw on these.


@dataclass(frozen=True)
class Fact:
    question: str
    answer: str
    sentence: str


@cache
def facts() -> tuple[Fact, ...]:
    """Every fact of the world."""
    found: list[Fact] = []
    for x in ANIMALS:
        one = a(x.name)
        cry = "It makes no sound." if x.sound == "makes no sound" else f"It {x.sound}."
        found += [
            Fact(f"What colour is {one}?", f"{capital(one)} is {x.colour}.", f"{capital(one)} is {x.colour}."),
            Fact(f"Where does {one} live?", f"{capital(one)} lives in the {x.home}.", f"{capital(x.plural)} live in the {x.home}."),
            Fact(f"What does {one} eat?", f"{capital(one)} eats {x.food}.", f"{capital(x.plural)} eat {x.food}."),
            Fact(f"What sound does {one} make?", cry, f"{capital(one)} {x.sound}."),
            Fact(f"Can {one} {x.can}?", f"Yes, {one} can {x.can}.", f"{capital(one)} can {x.can}."),
            Fact(f"Can {one} {x.cannot}?", f"No, {one} cannot {x.cannot}.", f"{capital(one)} cannot {x.cannot}."),
            Fact(
                f"How many legs does {one} have?",
                f"{capital(one)} has {NUMBERS[x.legs]} legs.",
                f"{capital(one)} has {NUMBERS[x.legs]} legs.",
            ),
            Fact(
                f"What is a young {x.name} called?",
                f"A young {x.name} is called {a(x.young)}.",
                f"A young {x.name} is called {a(x.young)}.",
            ),
            Fact(f"Is {one} big or small?", f"{capital(one)} is {x.size}.", f"{capital(x.plural)} are {x.size}."),
        ]
    for food, (colour, taste, grows) in FOODS.items():
        where = {"tree": "on a tree", "ground": "in the ground", "pod": "in a pod", "bush": "on a bush"}[grows]
        one = a(food)
        found += [
            Fact(f"What colour is {one}?", f"{capital(one)} is {colour}.", f"{capital(many(food))} are {colour}."),
            Fact(f"How does {one} taste?", f"{capital(one)} tastes {taste}.", f"{capital(one)} tastes {taste}."),
            Fact(f"Where does {one} grow?", f"{capital(one)} grows {where}.", f"{capital(many(food))} grow {where}."),
        ]
    for tool, (use, stuff) in TOOLS.items():
        one = a(tool)
        found += [
            Fact(f"What is {one} for?", f"You use {one} to {use}.", f"You use {one} to {use}."),
            Fact(f"What is {one} made of?", f"{capital(one)} is made of {stuff}.", f"{capital(one)} is made of {stuff}."),
        ]
    for job, work in WORK.items():
        found.append(Fact(f"What does {a(job)} do?", f"{capital(a(job))} {work}.", f"{capital(a(job))} {work}."))
    for place, where in PLACES.items():
        found.append(Fact(f"Where is the {place}?", f"The {place} is {where}.", f"The {place} is {where}."))
    for sky, feel in WEATHER.items():
        found.append(Fact(f"What is the day like with {sky}?", f"With {sky} the day is {feel}.", f"A day with {sky} is {feel}."))
    for i, day in enumerate(DAYS):
        after = DAYS[(i + 1) % 7]
        found.append(Fact(f"What day comes after {day}?", f"{after} comes after {day}.", f"The day after {day} is {after}."))
    return tuple(found)


# Descriptions.


def description(rng: random.Random) -> str:
    kind = rng.randrange(4)
    if kind == 0:
        x = rng.choice(ANIMALS)
        told = [fact.sentence for fact in facts_about(x.name, x.plural)]
        rng.shuffle(told)
        return " ".join(told[: rng.randint(3, 7)])
    if kind == 1:
        x, y = rng.sample(ANIMALS, 2)
        same = "both" if x.home == y.home else None
        where = (
            f"They {same} live in the {x.home}." if same else f"The {x.name} lives in the {x.home}, but the {y.name} lives in the {y.home}."
        )
        legs = (
            f"Both have {NUMBERS[x.legs]} legs."
            if x.legs == y.legs
            else f"The {x.name} has {NUMBERS[x.legs]} legs and the {y.name} has {NUMBERS[y.legs]}."
        )
        return f"{capital(a(x.name))} is {x.colour} and {a(y.name)} is {y.colour}. {where} {legs} The {x.name} eats {x.food}. The {y.name} eats {y.food}."
    if kind == 2:
        colour = rng.choice(sorted({row[0] for row in FOODS.values()}))
        named = [many(food) for food, row in FOODS.items() if row[0] == colour]
        rng.shuffle(named)
        return f"Some food is {colour}. {capital(listing(named))} {'are' if named else 'is'} {colour}."
    told = [fact.sentence for fact in rng.sample(facts(), 5)]
    return " ".join(told)


@cache
def facts_about(*names: str) -> tuple[Fact, ...]:
    words = set(names)
    return tuple(fact for fact in facts() if words & set(fact.sentence.lower().strip(".").replace(",", "").split()))


# Stories: who is where, and who has what, is tracked, and often asked at the end.


def story(rng: random.Random) -> str:
    one, two = rng.sample(sorted(PEOPLE), 2)
    job = rng.choice(sorted(WORK))
    start, end = rng.sample(sorted(PLACES), 2)
    thing = rng.choice(sorted(TOOLS) + sorted(FOODS))
    animal = rng.choice(ANIMALS)
    sky, feel = rng.choice(sorted(WEATHER.items()))
    he, she = PEOPLE[one], PEOPLE[two]
    him = HIM[he]
    lines = [f"It was {rng.choice(DAYS)}, and with {sky} the day was {feel}.", f"{one} was {a(job)}. {capital(he)} {WORK[job]}."]
    if rng.random() < 0.5:
        lines = lines[1:] + lines[:1]
    lines.append(f"{one} was at the {start} and had {a(thing)}.")
    count = rng.randint(1, 3)
    holder, place = one, start
    events = rng.sample(range(5), k=min(5, count + 1))
    for event in sorted(events):
        if event == 0:
            lines.append(f"{one} saw {a(animal.name)}. It was {animal.colour} and {animal.size}.")
        elif event == 1:
            place = end
            lines.append(f"{capital(he)} walked from the {start} to the {end}.")
        elif event == 2:
            lines.append(f'There {he} met {two}. "Good morning, {two}," said {one}.')
        elif event == 3 and 2 in events:
            holder = two
            lines.append(f"{one} gave the {thing} to {two}, and {she} thanked {him}.")
        elif event == 4:
            lines.append(f"The {animal.name} was hungry, so {one} gave it {animal.food}.")
    ending = rng.randrange(4)
    if ending == 0:
        lines.append(f"Who had the {thing} in the end? {holder} had the {thing}.")
    elif ending == 1:
        lines.append(f"Where was {one} in the end? {one} was at the {place}.")
    elif ending == 2:
        lines.append(f"Then {one} went home and was glad.")
    else:
        lines.append("It was a good day.")
    return " ".join(lines)


# Sums with worked steps. The steps are the way a child writes them, from the ones up, so that each needs only what stands just before.


def held_out(left: int, operation: str, right: int) -> bool:
    """One sum in ten, by its numbers: never in the corpus, so that it can be asked afterwards."""
    return (left * 7919 + right * 104_729 + ord(operation) * 13) % 10 == 3


def work_out(left: int, operation: str, right: int) -> Sum:
    ask = f"What is {left} {operation} {right}?"
    if operation == "+":
        answer, carry, steps = left + right, 0, []
        a_digits, b_digits = str(left)[::-1], str(right)[::-1]
        if max(len(a_digits), len(b_digits)) == 1:
            return Sum(ask, f"{left} + {right} = {answer}.", answer)
        for i in range(max(len(a_digits), len(b_digits))):
            x, y = (int(d[i]) if i < len(d) else 0 for d in (a_digits, b_digits))
            total = x + y + carry
            extra = f" + {carry}" if carry else ""
            carry = total // 10
            steps.append(f"{x} + {y}{extra} = {total}" + (f", write {total % 10}, carry {carry}" if carry else f", write {total}"))
        if carry:
            steps.append(f"write {carry}")
        return Sum(ask, f"{'; '.join(steps)}. So {left} + {right} = {answer}.", answer)
    if operation == "-":
        if left < 20:
            return Sum(ask, f"{left} - {right} = {left - right}.", left - right)
        tens = right // 10 * 10
        part = left - tens
        first = f"{left} - {tens} = {part}; " if tens else ""
        return Sum(ask, f"{first}{part} - {right % 10} = {left - right}. So {left} - {right} = {left - right}.", left - right)
    if right < 10 and left >= 10:
        tens, ones = left // 10 * 10, left % 10
        return Sum(
            ask,
            f"{tens} * {right} = {tens * right}; {ones} * {right} = {ones * right}; {tens * right} + {ones * right} = {left * right}. "
            f"So {left} * {right} = {left * right}.",
            left * right,
        )
    return Sum(ask, f"{left} * {right} = {left * right}.", left * right)


def sums(count: int, seed: int, level: int = 2, unseen: bool = False) -> Iterator[Sum]:
    """Sums up to `level` digits; `unseen` ones are those that the corpus leaves out."""
    rng = random.Random(f"sums/{seed}/{level}/{unseen}")
    made = 0
    while made < count:
        left, operation, right = _draw(rng, level)
        if held_out(left, operation, right) == unseen:
            made += 1
            yield work_out(left, operation, right)


def _draw(rng: random.Random, level: int) -> tuple[int, str, int]:
    operation = rng.choice("++--*")
    top = 10 ** rng.randint(1, level)
    if operation == "*":
        return rng.randrange(2, 10 if level == 1 else rng.choice((10, 100))), "*", rng.randrange(2, 10)
    left, right = rng.randrange(top), rng.randrange(top)
    return (max(left, right), "-", min(left, right)) if operation == "-" else (left, "+", right)


def arithmetic(rng: random.Random) -> str:
    lines = []
    for _ in range(rng.randint(2, 5)):
        left, operation, right = _draw(rng, 2)
        while held_out(left, operation, right):
            left, operation, right = _draw(rng, 2)
        lines.append(work_out(left, operation, right).text)
    if rng.random() < 0.25:
        start, step = rng.randint(0, 20), rng.choice((1, 2, 3, 5, 10))
        lines.append(f"Count by {step} from {start}: " + ", ".join(str(start + i * step) for i in range(7)) + ".")
    return "\n".join(lines)


def word_problem(rng: random.Random) -> tuple[str, str, int]:
    """A question in words, its working, and the answer."""
    one, two = rng.sample(sorted(PEOPLE), 2)
    thing = many(rng.choice(sorted(FOODS)))
    left, right = rng.randint(2, 20), rng.randint(2, 9)
    kind = rng.randrange(3)
    operation = "+-*"[kind]
    if kind == 1 and right > left:
        left, right = right, left
    if kind == 2:
        left = rng.randint(2, 9)
    while held_out(left, operation, right):
        left += 1
    if kind == 0:
        ask = f"{one} has {left} {thing}. {two} gives {HIM[PEOPLE[one]]} {right} more. How many {thing} does {one} have?"
        return ask, f"{left} + {right} = {left + right}. {one} has {left + right} {thing}.", left + right
    if kind == 1:
        ask = f"{one} has {left} {thing} and gives {right} to {two}. How many {thing} does {one} have left?"
        return ask, f"{left} - {right} = {left - right}. {one} has {left - right} {thing} left.", left - right
    ask = f"{one} has {left} baskets with {right} {thing} each. How many {thing} are there?"
    return ask, f"{left} * {right} = {left * right}. There are {left * right} {thing}.", left * right


# Python.

_ONE: tuple[tuple[str, str, str, str, Callable[..., Any]], ...] = (
    ("add_{n}", "adds {n} to a number", "x", "x + {n}", lambda x, n: x + n),
    ("times_{n}", "multiplies a number by {n}", "x", "x * {n}", lambda x, n: x * n),
    ("minus_{n}", "takes {n} from a number", "x", "x - {n}", lambda x, n: x - n),
    ("is_more_than_{n}", "says whether a number is more than {n}", "x", "x > {n}", lambda x, n: x > n),
    ("remainder_{n}", "gives the remainder by {n}", "x", "x % {n}", lambda x, n: x % n),
)
_LISTS: tuple[tuple[str, str, str, Callable[..., Any]], ...] = (
    ("total", "adds up a list", "return sum(xs)", sum),
    ("largest", "finds the largest of a list", "return max(xs)", max),
    ("smallest", "finds the smallest of a list", "return min(xs)", min),
    ("count", "says how long a list is", "return len(xs)", len),
    ("first", "gives the first of a list", "return xs[0]", lambda xs: xs[0]),
    ("last", "gives the last of a list", "return xs[-1]", lambda xs: xs[-1]),
    ("backwards", "turns a list around", "return xs[::-1]", lambda xs: xs[::-1]),
    ("in_order", "sorts a list", "return sorted(xs)", sorted),
    ("doubled", "doubles each number of a list", "return [2 * x for x in xs]", lambda xs: [2 * x for x in xs]),
    ("evens", "keeps the even numbers of a list", "return [x for x in xs if x % 2 == 0]", lambda xs: [x for x in xs if x % 2 == 0]),
    ("squares", "squares each number of a list", "return [x * x for x in xs]", lambda xs: [x * x for x in xs]),
)
_WORDS: tuple[tuple[str, str, str, Callable[..., Any]], ...] = (
    ("shout", "writes a word in capitals", "return s.upper()", str.upper),
    ("mirror", "writes a word backwards", "return s[::-1]", lambda s: s[::-1]),
    ("length", "says how many letters a word has", "return len(s)", len),
    ("twice", "writes a word twice", "return s + s", lambda s: s + s),
    ("initial", "gives the first letter of a word", "return s[0]", lambda s: s[0]),
)


def task(rng: random.Random) -> Task:
    """A small function: what it should do, the code, and tests that are true of it."""
    kind = rng.randrange(3)
    if kind == 0:
        name, does, arg, expression, run = rng.choice(_ONE)
        n = rng.randint(2, 9)
        name, does, expression = name.format(n=n), does.format(n=n), expression.format(n=n)
        values: list[Any] = rng.sample(range(12), 3)
        code, results = f"def {name}({arg}):\n    return {expression}", [run(v, n) for v in values]
    elif kind == 1:
        name, does, body, run = rng.choice(_LISTS)
        values = [[rng.randrange(10) for _ in range(rng.randint(2, 4))] for _ in range(3)]
        code, results = f"def {name}(xs):\n    {body}", [run(v) for v in values]
    else:
        name, does, body, run = rng.choice(_WORDS)
        values = rng.sample([x.name for x in ANIMALS] + sorted(FOODS), 3)
        code, results = f"def {name}(s):\n    {body}", [run(v) for v in values]
    examples = tuple((f"{name}({value!r})", repr(result)) for value, result in zip(values, results, strict=True))
    return Task(name, f"Write a Python function {name} that {does}.", code, tuple(f"{call} == {got}" for call, got in examples), examples)


def tasks(count: int, seed: int) -> Iterator[Task]:
    rng = random.Random(f"tasks/{seed}")
    for _ in range(count):
        yield task(rng)


def python(rng: random.Random) -> str:
    parts = []
    for _ in range(rng.randint(1, 2)):
        made = task(rng)
        does = made.ask.split(" that ", 1)[1]
        parts.append(f"# {capital(does)}\n{made.code}\n\n" + "\n".join(f">>> {call}\n{result}" for call, result in made.examples))
    return "\n\n".join(parts)


# Conversations.

_GREETINGS = (
    ("Hello!", "Hello! What would you like to know?"),
    ("Good morning.", "Good morning! How can I help?"),
    ("Hi, who are you?", "I am a small language model. I can answer simple questions."),
    ("Are you a person?", "No, I am a small language model."),
    ("Thank you.", "You are welcome."),
    ("Goodbye!", "Goodbye!"),
    ("What can you do?", "I can answer questions about a small world, do sums, and write small Python functions."),
)  # fmt: skip
_UNKNOWN = ("Who won the match?", "What is the capital of the moon?", "What will I dream tonight?", "How tall is my uncle?")


def dialogue(rng: random.Random) -> tuple[Turn, ...]:
    """One to four exchanges between a user and an assistant."""
    turns: list[Turn] = []
    if rng.random() < 0.25:
        ask, answer = rng.choice(_GREETINGS)
        turns += [Turn("user", ask), Turn("assistant", answer)]
    for _ in range(rng.randint(1, 3)):
        kind = rng.random()
        if kind < 0.45:
            fact = rng.choice(facts())
            ask, answer = fact.question, fact.answer
        elif kind < 0.65:
            left, operation, right = _draw(rng, 2)
            while held_out(left, operation, right):
                left, operation, right = _draw(rng, 2)
            made = work_out(left, operation, right)
            ask, answer = made.question, made.steps
        elif kind < 0.75:
            ask, answer, _ = word_problem(rng)
        elif kind < 0.87:
            function = task(rng)
            ask, answer = function.ask, function.code
        elif kind < 0.95:
            ask, answer = instruction(rng)
        else:
            ask, answer = rng.choice(_UNKNOWN), "I do not know."
        turns += [Turn("user", ask), Turn("assistant", answer)]
    return tuple(turns)


def instruction(rng: random.Random) -> tuple[str, str]:
    """Something to do with words that are in the request."""
    words = rng.sample([x.name for x in ANIMALS] + sorted(FOODS) + sorted(TOOLS), 3)
    kind = rng.randrange(5)
    if kind == 0:
        return f"Repeat these words: {', '.join(words)}.", ", ".join(words) + "."
    if kind == 1:
        return f"Put these words in order of the alphabet: {', '.join(words)}.", ", ".join(sorted(words)) + "."
    if kind == 2:
        return f"Say the last of these words: {', '.join(words)}.", capital(words[-1]) + "."
    if kind == 3:
        animal = rng.choice(ANIMALS)
        return f"Tell me about {animal.plural}.", " ".join(fact.sentence for fact in facts_about(animal.name, animal.plural)[:4])
    return f"Write a sentence with the word {words[0]}.", f"I can see {a(words[0])} over there."


def dialogues(count: int, seed: int) -> Iterator[tuple[Turn, ...]]:
    rng = random.Random(f"dialogues/{seed}")
    for _ in range(count):
        yield dialogue(rng)


def conversation(rng: random.Random) -> str:
    """The same as plain text, so that pretraining already sees the shape of a conversation."""
    return "\n".join(f"{capital(turn.role)}: {turn.text}" for turn in dialogue(rng))


_KINDS: tuple[tuple[float, Callable[[random.Random], str]], ...] = (
    (0.20, description),
    (0.42, story),
    (0.70, conversation),
    (0.88, arithmetic),
    (1.01, python),
)


def documents(count: int = DOCUMENTS, seed: int = 0) -> Iterator[str]:
    """The corpus: document i is a function of the seed and i."""
    for i in range(count):
        rng = random.Random(f"primer/{seed}/{i}")
        draw = rng.random()
        yield next(make for limit, make in _KINDS if draw < limit)(rng)
