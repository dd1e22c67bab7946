"""Facts for the general multiple-choice test: everyday knowledge, each asked in three wordings.

Written for this project; the wrong options of an item are right answers of its neighbours in the same table.
"""

from __future__ import annotations


def _pairs(text: str) -> tuple[tuple[str, str], ...]:
    entries = [entry.partition("=") for entry in text.replace("\n", " ").split(",")]
    return tuple((subject.strip(), answer.strip()) for subject, _, answer in entries)


# Table: three wordings with one blank for the subject; the answer follows the wording directly.
TABLES: dict[str, tuple[tuple[str, str, str], tuple[tuple[str, str], ...]]] = {
    "capitals": (
        ("The capital of {} is", "Q: What is the capital city of {}? A:", "The government of {} sits in its capital,"),
        _pairs("""France=Paris, Germany=Berlin, Italy=Rome, Spain=Madrid, Japan=Tokyo, China=Beijing, Russia=Moscow,
        Egypt=Cairo, Greece=Athens, Austria=Vienna, Ireland=Dublin, Norway=Oslo, Sweden=Stockholm,
        Portugal=Lisbon, Poland=Warsaw, Hungary=Budapest, Cuba=Havana, Iraq=Baghdad, Iran=Tehran,
        Thailand=Bangkok, Kenya=Nairobi, Canada=Ottawa, Peru=Lima, Turkey=Ankara, Finland=Helsinki,
        Denmark=Copenhagen, Belgium=Brussels, Ukraine=Kiev, Afghanistan=Kabul, Lebanon=Beirut, Syria=Damascus,
        Scotland=Edinburgh, Chile=Santiago, Colombia=Bogota, Philippines=Manila, Indonesia=Jakarta,
        Vietnam=Hanoi, India=Delhi"""),
    ),
    "opposites": (
        ("The opposite of {} is", "Not {}, but", "Q: Which word means the opposite of {}? A:"),
        _pairs("""hot=cold, big=small, fast=slow, high=low, old=young, rich=poor, happy=sad, light=dark, hard=soft,
        strong=weak, open=closed, full=empty, wet=dry, clean=dirty, near=far, early=late, loud=quiet,
        thick=thin, wide=narrow, deep=shallow, heavy=light, sweet=sour, rough=smooth, tall=short, true=false,
        right=wrong, inside=outside, up=down, left=right, first=last, win=lose, buy=sell, love=hate, day=night,
        summer=winter, war=peace, friend=enemy, question=answer, beginning=end, success=failure, push=pull,
        north=south, east=west, life=death, always=never, before=after, above=below, alive=dead, safe=dangerous,
        cheap=expensive"""),
    ),
    "kinds": (
        ("A {} is a kind of", "Q: What kind of thing is a {}? A: It is a", "The {} is a well known"),
        _pairs("""salmon=fish, trout=fish, shark=fish, robin=bird, eagle=bird, sparrow=bird, owl=bird, rose=flower,
        tulip=flower, daisy=flower, lily=flower, apple=fruit, pear=fruit, banana=fruit, cherry=fruit,
        carrot=vegetable, potato=vegetable, onion=vegetable, cabbage=vegetable, violin=instrument,
        piano=instrument, guitar=instrument, trumpet=instrument, oak=tree, pine=tree, birch=tree, maple=tree,
        hammer=tool, saw=tool, screwdriver=tool, spaniel=dog, poodle=dog, bulldog=dog, bicycle=vehicle,
        truck=vehicle, bus=vehicle, diamond=stone, ruby=stone, emerald=stone, cobra=snake, python=snake,
        viper=snake, beetle=insect, ant=insect, butterfly=insect, cheddar=cheese, shirt=garment, jacket=garment"""),
    ),
    "continents": (
        ("{} is a country in", "The continent on which {} lies is", "Q: On which continent is {}? A:"),
        _pairs("""France=Europe, Germany=Europe, Poland=Europe, Italy=Europe, Sweden=Europe,
        Greece=Europe, Kenya=Africa,
        Nigeria=Africa, Ethiopia=Africa, Ghana=Africa, Uganda=Africa, Algeria=Africa, Japan=Asia, India=Asia,
        Vietnam=Asia, Thailand=Asia, Pakistan=Asia, Nepal=Asia, Brazil=America, Mexico=America, Canada=America,
        Peru=America, Bolivia=America, Chile=America, Norway=Europe, Portugal=Europe, Tanzania=Africa,
        China=Asia, Mongolia=Asia, Zambia=Africa"""),
    ),
    "languages": (
        ("People in {} mostly speak", "The language of {} is", "Q: Which language do they speak in {}? A:"),
        _pairs("""France=French, Germany=German, Italy=Italian, Mexico=Spanish, Brazil=Portuguese, Japan=Japanese,
        China=Chinese, Russia=Russian, Greece=Greek, Poland=Polish, Sweden=Swedish, Norway=Norwegian,
        Turkey=Turkish, Egypt=Arabic, Austria=German, Argentina=Spanish, Hungary=Hungarian, Finland=Finnish,
        Denmark=Danish, England=English, Vietnam=Vietnamese, Thailand=Thai, Australia=English, Iraq=Arabic,
        Cuba=Spanish"""),
    ),
    "past": (
        ("Today they {}. Yesterday they", "The past tense of {} is", "Every day we {}; last week we also"),
        _pairs("""go=went, see=saw, eat=ate, run=ran, write=wrote, speak=spoke, take=took, give=gave, come=came,
        know=knew, think=thought, buy=bought, bring=brought, teach=taught, catch=caught, find=found, sing=sang,
        drink=drank, swim=swam, begin=began, fly=flew, grow=grew, draw=drew, drive=drove, ride=rode, rise=rose,
        break=broke, choose=chose, wear=wore, sleep=slept, keep=kept, feel=felt, leave=left, lose=lost,
        meet=met, sit=sat, stand=stood, tell=told, win=won, fight=fought"""),
    ),
    "order": (
        ("The one that comes right after {} is", "{} is followed by", "Q: What comes directly after {}? A:"),
        _pairs("""Monday=Tuesday, Tuesday=Wednesday, Wednesday=Thursday, Thursday=Friday, Friday=Saturday,
        Saturday=Sunday, Sunday=Monday, January=February, February=March, March=April, April=May, May=June,
        June=July, July=August, August=September, September=October, October=November, November=December,
        December=January, spring=summer, summer=autumn, winter=spring, breakfast=lunch, lunch=dinner, one=two,
        two=three, three=four, four=five, five=six, six=seven, seven=eight, eight=nine, nine=ten, second=third,
        third=fourth, fourth=fifth, fifth=sixth, sixth=seventh"""),
    ),
    "sums": (
        ("{} equals", "Q: How much is {}? A:", "If you work out {} you get"),
        _pairs("""two plus two=four, three plus two=five, five plus five=ten, four plus three=seven, six plus two=eight,
        one plus one=two, three plus three=six, eight plus one=nine, ten minus five=five, ten minus one=nine,
        nine minus three=six, eight minus four=four, seven minus five=two, six minus three=three, two times
        two=four, two times three=six, two times four=eight, three times three=nine, two times five=ten, ten
        minus three=seven"""),
    ),
    "young": (
        ("A young {} is called a", "The baby of a {} is a", "Q: What do we call the young of a {}? A: A"),
        _pairs("""dog=puppy, cat=kitten, cow=calf, sheep=lamb, hen=chick, lion=cub, bear=cub, goat=kid, pig=piglet,
        duck=duckling, horse=foal, frog=tadpole, human=baby, king=prince, man=boy, woman=girl"""),
    ),
    "places": (
        ("You would look for a {} in a", "The place where you find a {} is a", "Q: Where do you find a {}? A: In a"),
        _pairs("""nurse=hospital, surgeon=hospital, pupil=school, teacher=school, priest=church, book=library,
        librarian=library, waiter=restaurant, chef=kitchen, oven=kitchen, cow=farm, tractor=farm,
        prisoner=prison, actor=theatre, painting=museum, statue=museum, judge=court, lawyer=court, banker=bank,
        sailor=ship, captain=ship, pilot=plane, whale=sea, monkey=forest, cactus=desert, camel=desert,
        bed=bedroom, pillow=bedroom"""),
    ),
    "makers": (
        (
            "Bread, shoes, songs and the rest need their makers: {} is the work of a",
            "The person who makes or gives {} is a",
            "Q: Whose work is {}? A: That of a",
        ),
        _pairs("""bread=baker, a novel=writer, a poem=poet, a painting=painter, a photograph=photographer, a building
        plan=architect, a lesson=teacher, a verdict=judge, an operation=surgeon, milk on a farm=farmer, a
        suit=tailor, a wooden table=carpenter, a roast dinner=cook, a computer program=programmer, a
        song=singer, a ballet=dancer, an experiment=scientist, a sermon=priest, a flight=pilot, a news
        story=journalist"""),
    ),
    "uses": (
        ("To {} you use a", "The thing people take to {} is a", "Q: What do you need to {}? A: A"),
        _pairs("""cut bread=knife, drive in a nail=hammer, tell the time=clock, write a letter=pen,
        sweep the floor=broom,
        open a lock=key, see far stars=telescope, take pictures=camera, eat soup=spoon, dig a hole=shovel, boil
        water=kettle, stay dry in the rain=umbrella, climb onto a roof=ladder, sew a button=needle, call a
        friend=phone, cross a river=bridge, find north=compass, sit at a table=chair, light a dark room=lamp,
        measure heat=thermometer, cut paper=scissors, catch fish=net, wash your hands=soap, pay in a shop=card"""),
    ),
}
