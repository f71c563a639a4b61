"""The subjects of the embedded data set: what goes wrong, why, and what helps, in eight fields of life.

Knows phrases only; `synthetic` makes threads and TL;DRs of them. A line is ``kind: words of a post = words of
a TL;DR``, with ``/`` between forms. A problem and a cause have two forms for posts; a fix has the advice and
the report; an end is what the asker does who gives up. A fix belongs to the cause above it.
"""

import functools
from dataclasses import dataclass


@dataclass(frozen=True)
class Phrase:
    """One meaning, said in one of several ways in a post and in another way in a TL;DR."""

    posts: tuple[str, ...]
    summary: str


@dataclass(frozen=True)
class Cause:
    """A diagnosis and the fixes that follow from it."""

    phrase: Phrase
    fixes: tuple[Phrase, ...]


@dataclass(frozen=True)
class Topic:
    """One field of life: its things, what goes wrong with them, and why."""

    things: tuple[Phrase, ...]
    problems: tuple[Phrase, ...]
    causes: tuple[Cause, ...]
    ends: tuple[Phrase, ...]


LIMITS = """
I can't spend a cent before payday / there is no money left for this = with no money to spend
it has to be sorted by Saturday / guests arrive on Friday, so time is short = with little time
I own no tools at all / please nothing special to buy or borrow = with no equipment
I'm a complete beginner / never done anything like it, so keep it simple = with no experience
the landlord must not notice / I live in a rented flat, nothing permanent = with a strict landlord
I broke my wrist and type with one hand / doctor says one arm only for now = with one working hand
"""

TOPICS = """
thing: mesh router = router
thing: wireless repeater = repeater
thing: attic access point = access point
thing: rented gateway = gateway
problem: drops every call around dinner time / kicks us all off after dark = loses its connection at night
problem: crawls in the bedroom / barely loads a page upstairs = is slow in distant rooms
problem: shows a red lamp every morning / greets me with a red light at breakfast = reports a fault daily
problem: forgets its password / keeps asking for the key again = rejects known logins
problem: locks out the printer / won't let the printer join = refuses one machine
cause: all your neighbours sit on the same channel / half the building shares that channel = radio congestion
fix: go to channel 11 by hand / went to channel 11 = a manual frequency
fix: use the 5 GHz band only / now on 5 GHz only = the faster band
cause: the firmware is from 2019 / that software version is ancient = outdated software
fix: flash the newest image / flashed the newest image = an update
fix: do a factory reset first / did the factory reset = starting from scratch
cause: it cooks inside that cupboard / it must be boiling behind the telly = overheating
fix: put it on an open shelf / put it on the open shelf = a better location
fix: drill vents in the door / drilled vents in the door = more air
cause: the cable is kinked / a bent wire in the wall does that = damaged wiring
fix: run a new lead along the skirting / ran a new lead along the skirting = rewiring
fix: crimp fresh plugs on both ends / crimped fresh plugs = replaced connectors
cause: two boxes hand out addresses / you have a second DHCP server = an address conflict
fix: turn off DHCP on the old one / turned off DHCP on the old one = disabling a duplicate service
fix: give everything a static number / gave everything a static number = fixed addresses
end: went back to mobile data = returned to the phone plan
end: hired a technician = paid a professional

thing: touring bike = tourer
thing: folding bike = folder
thing: cargo bike = freight bicycle
thing: gravel bike = all-road bicycle
problem: clicks with each turn of the pedals / ticks whenever I push hard = makes noise under load
problem: skips gears on hills / jumps cogs when climbing = shifts badly uphill
problem: squeals when I brake / howls at every red light = has loud brakes
problem: goes flat overnight / has no air left by sunrise = loses tyre pressure
problem: wobbles downhill / shakes its head above 40 = is unstable at speed
cause: the chain is worn out / that chain has stretched = an old drivetrain
fix: fit a fresh chain and cassette / fitted a fresh chain and cassette = new transmission parts
fix: soak it in oil for a night / soaked it in oil for a night = lubrication
cause: the hanger is bent / it got knocked sideways in a rack = a crooked dropout
fix: straighten it with a lever / straightened it with a lever = careful realignment
fix: order the spare part number / ordered the spare part = a replacement bracket
cause: there is grease on the rotor / something oily got on the discs = contamination
fix: sand the pads and rub it with alcohol / sanded the pads and used alcohol = thorough cleaning
fix: buy organic pads / bought organic pads = softer linings
cause: a thorn is still in there / look for glass in the rubber = a hidden puncture
fix: feel along the inside with a cloth / felt along the inside with a cloth = searching the casing
fix: go tubeless with sealant / went tubeless with sealant = liquid sealing
cause: the bearings have play / the headset has come loose = slack bearings
fix: tighten the top cap a quarter turn / tightened the top cap = slight adjustment
fix: press in a new set / pressed in a new set = fresh bearings
end: took the tram instead = switched to public transport
end: sold it for parts = got rid of it

thing: sourdough loaf = bread
thing: rye loaf = dark bread
thing: brioche = sweet bun
thing: pizza base = pizza
problem: comes out flat as a plate / spreads like a puddle in the oven = does not rise
problem: is wet in the middle / stays gummy inside = remains undercooked
problem: tears along the side / bursts open where it should not = splits in the oven
problem: tastes of vinegar / turns sharp and sour = has too much acid
problem: goes hard by noon / is a brick the next day = dries out fast
cause: your starter is half asleep / that starter was not bubbling = a weak leaven
fix: feed it twice a day for a week / fed it twice a day for a week = more feeding
fix: add a pinch of yeast / added a pinch of yeast = commercial help
cause: the oven runs cold / your dial lies by thirty degrees = too little heat
fix: get a probe and preheat for an hour / got a probe and preheated for an hour = longer warming
fix: bake it on a steel / baked it on a steel = a metal plate
cause: it proved far too long / you left it out all day = overproofing
fix: put it in the fridge after two hours / put it in the fridge after two hours = chilling
fix: halve the time on the counter / halved the time on the counter = a shorter rest
cause: that flour has no gluten to speak of / cake flour can't hold it = soft flour
fix: go for the strong type 00 / went for the strong type 00 = a high-protein brand
fix: mix in some durum / mixed in some durum = a blend of grains
cause: there is way too much water / eighty percent is soup = high hydration
fix: hold back fifty grams / held back fifty grams = less liquid
fix: fold it every half hour / folded it every half hour = repeated stretching
end: went to the bakery again = bought from a shop
end: fed the rest to the hens = gave the dough away

thing: work laptop = office computer
thing: student laptop = cheap notebook
thing: gaming laptop = powerful notebook
thing: hand-me-down laptop = used computer
problem: shuts off in the middle of meetings / dies without warning during calls = turns off at random
problem: takes ten minutes to start / shows the logo forever = boots slowly
problem: roars like a hair dryer / blows its fan all the time = runs loudly
problem: flickers on the left half / shows stripes on screen = has display trouble
problem: types letters twice / doubles each key I press = has a faulty keyboard
cause: the fan is full of dust / I bet there is fluff in the heatsink = blocked cooling
fix: blow it out with compressed air / blew it out with compressed air = cleaning
fix: renew the thermal paste / renewed the thermal paste = fresh compound
cause: the disk is dying / those are bad sectors = failing storage
fix: clone it to an SSD / cloned it to an SSD = a modern drive
fix: run the surface scan overnight / ran the surface scan overnight = a long check
cause: the battery is swollen / those cells are finished = a spent battery
fix: take it out and stay on mains / took it out and stayed on mains = permanent plug power
fix: order an original pack / ordered an original pack = a genuine spare
cause: a driver update broke it / the last patch is known to be bad = buggy drivers
fix: roll back to the March version / rolled back to the March version = an older release
fix: boot a live Linux stick / booted a live Linux stick = another operating system
cause: the ribbon behind the hinge is loose / that flex cable slips out = a bad contact
fix: open the lid and reseat it / opened the lid and reseated it = pushing it back in
fix: tape it down with kapton / taped it down with kapton = insulating film
end: bought a desktop = got a different machine
end: returned it to the dealer = asked for a refund

thing: monstera = climbing plant
thing: window orchid = orchid
thing: lemon tree = citrus
thing: kitchen basil = herb pot
problem: drops a leaf each day / sheds green all over the floor = loses foliage
problem: turns yellow from below / looks pale at the bottom = fades
problem: droops by lunchtime / hangs its head every noon = wilts
problem: has brown crispy tips / looks burnt at the edges = dries at the margins
problem: has not grown since spring / never makes a new shoot = stopped growing
cause: you drown it / its feet are always wet = overwatering
fix: wait until the soil is dry / waited until the soil was dry = fewer drinks
fix: cut the mushy roots off / cut the mushy roots off = pruning the rot
cause: it gets no sun there / that corner is far too dark = lack of light
fix: move it to the south sill / moved it to the south sill = a brighter place
fix: hang a grow lamp over it / hung a grow lamp over it = artificial lighting
cause: those are spider mites / I see webs under there = pests
fix: shower it with soapy water / showered it with soapy water = washing
fix: release predatory bugs / released predatory bugs = beneficial insects
cause: the heating dries the air / that radiator kills it = low humidity
fix: set it on wet pebbles / set it on wet pebbles = evaporation
fix: mist it morning and night / misted it morning and night = regular spraying
cause: the pot is too small / it has filled every inch with roots = cramped roots
fix: repot it one size up / repotted it one size up = a larger container
fix: split it in two / split it in two = dividing
end: put it on the compost = threw it away
end: gave it to my aunt = passed it to a relative

thing: night train booking = sleeper reservation
thing: rail pass = railway ticket
thing: ferry ticket = boat passage
thing: hostel reservation = bed
problem: shows up as void in the app / is greyed out on my phone = appears invalid
problem: was charged twice / is on my statement two times = was billed double
problem: has the wrong date / is for the tenth, not the first = is for another day
problem: never reached my inbox / has not been mailed to me = was not delivered
problem: got bumped to June / was moved by a month = was postponed
cause: the name does not match your passport / you left out a middle name = a misspelt identity
fix: have the desk retype it / had the desk retype it = a corrected entry
fix: bring a certified copy / brought a certified copy = official papers
cause: your bank blocked it / the card wants a second code = a payment failure
fix: confirm it in the banking thing / confirmed it in the banking thing = authorisation
fix: pay by transfer / paid by transfer = another payment method
cause: the site mixes up time zones / it counts from midnight over there = a clock error
fix: pick the local hour by hand / picked the local hour by hand = explicit times
fix: ring the office in person / rang the office = a telephone call
cause: they are on strike / the crews walk out that week = industrial action
fix: take the replacement coach / took the replacement coach = a bus
fix: claim it back by form / claimed it back by form = a refund request
cause: that seller is not an official one / you bought from a reseller = a dubious agent
fix: cancel and go direct / cancelled and went direct = rebooking with the operator
fix: dispute it with the card people / disputed it with the card people = a chargeback
end: stayed at home = cancelled the trip
end: drove there = travelled by car

thing: household budget = family money
thing: savings plan = reserve
thing: holiday fund = vacation money
thing: wedding budget = party money
problem: is empty by the twentieth / runs dry before the month is over = does not last
problem: never adds up / is off by a hundred each time = contains errors
problem: makes us fight / causes shouting on Sundays = leads to arguments
problem: grows by nothing / has been the same since May = stagnates
problem: takes me hours to track / eats my whole evening = costs too much time
cause: it is all those little coffees / snacks on the way add up = small purchases
fix: take out cash on Mondays / took out cash on Mondays = a weekly allowance
fix: write each penny down / wrote each penny down = strict records
cause: you pay for six streaming services / subscriptions bleed you = recurring fees
fix: quit all but one / quit all but one = cancelling memberships
fix: share them with your sister / shared them with my sister = splitting costs
cause: yearly bills take you by surprise / insurance hits in one go = irregular expenses
fix: set a twelfth aside / set a twelfth aside = monthly provisions
fix: ask them to bill quarterly / asked them to bill quarterly = instalments
cause: nobody agreed who pays what / you each think the other does = unclear roles
fix: open a joint account / opened a joint account = pooling
fix: sit down once a week / sat down once a week = regular talks
cause: that sheet has a broken formula / column D skips rows = a spreadsheet bug
fix: start over from a template / started over from a template = a ready-made form
fix: let an app do the sums / let an app do the sums = automatic tracking
end: borrowed from my parents = took a family loan
end: stopped counting = abandoned the plan

thing: espresso machine = coffee maker
thing: lever machine = manual press
thing: pod machine = capsule brewer
thing: moka pot = stovetop brewer
problem: spits water on the floor / leaves a puddle beneath = leaks
problem: makes bitter shots / pours ashes into my cup = brews harsh coffee
problem: pours only drops / gives a thimble in a minute = hardly flows
problem: trips the fuse / throws the breaker at breakfast = causes short circuits
problem: is cold at the cup / gives lukewarm stuff = does not heat enough
cause: the seal is brittle / that gasket is hard as wood = a worn gasket
fix: swap it for silicone / swapped it for silicone = flexible rubber
fix: rub a bit of food grease in / rubbed a bit of food grease in = conditioning
cause: it is full of limescale / you never decalcified it = mineral deposits
fix: run citric acid through / ran citric acid through = descaling
fix: fill it from bottles / filled it from bottles = mineral-free supply
cause: you grind like dust / those beans are powder = too fine grounds
fix: go three clicks coarser / went three clicks coarser = a rougher setting
fix: dose two grams less / dosed two grams less = a smaller amount
cause: the thermostat is gone / it measures nonsense = a defective sensor
fix: bridge it to test / bridged it to test = an electrical bypass
fix: fit a PID kit / fitted a PID kit = digital control
cause: the pump is on its last legs / that vibration unit is done = a tired motor
fix: bleed the air from the hose / bled the air from the hose = venting
fix: put a 48 watt one in / put a 48 watt one in = a stronger part
end: drank tea = changed the beverage
end: took it to the scrapyard = disposed of it
"""


def _read_phrase(line: str) -> Phrase:
    posts, summary = line.split(" = ")
    return Phrase(tuple(posts.split(" / ")), summary)


def _read_topic(text: str) -> Topic:
    found: dict[str, list[Phrase]] = {"thing": [], "problem": [], "end": []}
    causes: list[Cause] = []
    for line in text.splitlines():
        kind, _, words = line.partition(": ")
        phrase = _read_phrase(words)
        if kind == "cause":
            causes.append(Cause(phrase, ()))
        elif kind == "fix":
            causes[-1] = Cause(causes[-1].phrase, (*causes[-1].fixes, phrase))
        else:
            found[kind].append(phrase)
    return Topic(tuple(found["thing"]), tuple(found["problem"]), tuple(causes), tuple(found["end"]))


@functools.cache
def read_topics() -> tuple[Topic, ...]:
    """Read the topics; the same objects at every call."""
    return tuple(_read_topic(text) for text in TOPICS.strip().split("\n\n"))


@functools.cache
def read_limits() -> tuple[Phrase, ...]:
    """Read the conditions an asker may set."""
    return tuple(_read_phrase(line) for line in LIMITS.strip().splitlines())
