"""The sentences of the embedded data set: how people ask, advise, doubt, chat, report and sum up.

Knows templates only; `synthetic` fills their slots. An adviser is ``helper``, who is right, or ``doubter``,
who is not; in order of posting ``first`` and ``later``; ``own`` is what the asker finds alone. ``{helper}``
is a name; ``{helper_cause}``, ``{helper_fix}``, ``{helper_fixed}`` are as posts say it, ``{helper_why}`` and
``{helper_cure}`` as a TL;DR does. A slot with a capital begins a sentence.
"""

# fmt: off
# A name is a beginning and an ending. There are thousands, so that none can be guessed and each must be
# copied. Those of one thread begin differently.
BEGINNINGS = (
    "Ab", "Al", "Am", "An", "Ar", "As", "Ba", "Be", "Bi", "Bo", "Bra", "Bri", "Ca", "Ce", "Ci", "Co",
    "Cla", "Da", "De", "Di", "Do", "Dra", "E", "El", "Em", "Er", "Fa", "Fe", "Fi", "Flo", "Fra", "Ga",
    "Ge", "Gi", "Gre", "Ha", "He", "Hil", "I", "In", "Is", "Ja", "Je", "Jo", "Ju", "Ka", "Ke", "Ki",
    "Kla", "La", "Le", "Li", "Lo", "Lu", "Ma", "Me", "Mi", "Mo", "Na", "Ne", "Ni", "No", "O", "Ol", "Or",
    "Pa", "Pe", "Pi", "Qua", "Ra", "Re", "Ri", "Ro", "Sa", "Se", "Si", "So", "Sve", "Ta", "Te", "Ti",
    "To", "Tri", "U", "Ul", "Va", "Ve", "Vi", "Wa", "We", "Wi", "Xa", "Ya", "Yu", "Za", "Ze", "Zo",
)
ENDINGS = (
    "bel", "bert", "bin", "cas", "da", "dan", "der", "dine", "dra", "fan", "fred", "gan", "gar", "go",
    "hild", "jan", "ka", "ket", "kim", "la", "las", "lena", "lia", "lin", "lo", "lot", "lyn", "man",
    "mar", "mel", "mina", "mira", "mon", "na", "nan", "nell", "nik", "nor", "ra", "ral", "ran", "rek",
    "ric", "rik", "rin", "ro", "ros", "sa", "san", "sel", "sia", "sim", "son", "ta", "tek", "ter", "thor",
    "tin", "tos", "va", "van", "ver", "vik", "vin", "wen", "win", "ya", "yan", "za", "zel", "zin",
)
# fmt: on
GREETINGS = (
    # a casual asker writes the TL;DR in the first person, a formal one in the third
    ("hey folks,", "hi all,", "so,", "argh,"),
    ("good evening,", "dear members,", "hello everyone,", "greetings to the group,"),
)
TITLES = (
    "Help with my {thing}",
    "{Thing} question",
    "What is wrong with this {thing}?",
    "{Thing} driving me mad",
    "Newbie, {thing}",
)
OPENINGS = (
    "{Greeting} my {thing} {problem}.{limit} Any ideas?",
    "{Greeting} my {thing} {problem}.{limit}",
    "{Greeting} my {thing} {problem}. What now?{limit}",
)
CLARIFICATIONS = (
    ("Is it an old one?", "About two years."),
    ("Since when?", "Since last week, I think."),
    ("Any photos?", "Can't upload any, sorry."),
    ("Did you change anything lately?", "Not that I know of."),
)
ADVICE = (
    "{First_cause}. {First_fix}.",
    "I'd say {first_cause}. {First_fix} and report back.",
    "Had the very same. {First_cause}, so {first_fix}.",
    "Easy one: {first_cause}. Just {first_fix}.",
)
DOUBTS = (
    "> {First_cause}\nNot convinced. {Later_cause}, so {later_fix}.",
    "Sorry {first}, I don't buy it. {Later_cause}. {Later_fix} instead.",
    "No way, {first}. {Later_cause}. {Later_fix}.",
)
CHATTER = (
    "Following, same here.",
    "Off topic, but I love your avatar.",
    "Wrong section, mods please move.",
    "My cousin gave up on these years ago.",
    "Can we ban people who never use the search?",
    "Did anyone see the match last night?",
    "Nothing to add, just saying hi.",
)
VOTES = ("+1 for {first}.", "+1 for {later}.", "{First} makes sense to me.", "{Later} makes sense to me.")
THANKS = ("Glad to hear it.", "Nice one!", "Please mark this as solved.")

REPORTS = {
    "helped": (
        "Update: {helper_fixed}. Works!",
        "{helper}, you were spot on, all good now.",
        "> {Helper_fix}\nDid exactly that and it's cured.",
    ),
    "disputed": (
        "Update: {helper_fixed}. Works! Sorry, {doubter}.",
        "{helper} was spot on, all good now. {doubter}, not this time.",
        "> {Helper_fix}\nDid exactly that and it's cured.",
    ),
    "second": (
        "Update: {doubter_fixed}, no change. Then {helper_fixed}. Works!",
        "First I did what {doubter} told me: nothing. {helper}'s trick cured it.",
    ),
    "open": ("No change so far.", "Still the same, will try more at the weekend.", "Nothing yet."),
    "gave_up": (
        "{First_fixed}, {later_fixed}, no luck. I {end}.",
        "Tried both ideas in vain. In the end I {end}.",
    ),
    "own": (
        "Found it myself: {own_cause}. {Own_fixed}. Works!",
        "None of this. {Own_cause}! {Own_fixed} and it's cured.",
    ),
}
"""What the asker says last, for each outcome."""

SUMMARIES = {
    "helped": (
        "{opening}; {helper} blamed {helper_why}, and {helper_cure} solved it.",
        "{opening}. It was {helper_why}, as {helper} said; {helper_cure} helped.",
    ),
    "disputed": (
        "{opening}; {doubter} suspected {doubter_why}, but {helper} was right about {helper_why}: "
        "{helper_cure} solved it.",
        "{opening}. {helper} and {doubter} disagreed; it was {helper_why}, not {doubter_why}, "
        "and {helper_cure} helped.",
    ),
    "second": (
        "{opening}; {doubter_cure} from {doubter} did nothing, then {helper_cure} from {helper} solved it.",
        "{opening}. {doubter} was wrong about {doubter_why}; {helper} cured it with {helper_cure}.",
    ),
    "open": (
        "{opening}; {first} suspects {first_why} and {later} {later_why}, still unsolved.",
        "{opening}. Either {first_why} ({first}) or {later_why} ({later}), no solution yet.",
    ),
    "gave_up": (
        "{opening}; neither {first_cure} nor {later_cure} helped, so {who} {ended}.",
        "{opening}. {who} tried {first_cure} and {later_cure} for nothing and {ended}.",
    ),
    "own": (
        "{opening}; {first} and {later} were both wrong, it was {own_why}, and {own_cure} solved it.",
        "{opening}. Not {first_why} or {later_why} but {own_why}; {own_cure} helped.",
    ),
}
"""The usual wording of a TL;DR, then the rarer one, for each outcome."""

SOLVED = ("helped", "disputed", "second", "own")
