"""Greetings, farewells and sentences that fill no slot: their numbers and dates are traps on purpose."""

from __future__ import annotations

OPENERS = (
    "Hi,", "Hello,", "Hi there,", "Good morning,", "Good afternoon,", "Dear team,", "Dear support,", "Hey,",
    "Hey there,", "Dear all,", "Hi team,", "Morning!", "Excuse me,", "Dear shop,", "Good evening,",
    "Dear Sir or Madam,", "To whom it may concern,", "Hello team,", "Greetings,", "Hi folks,", "Dear Ms Okafor,",
    "Hello Mr Brandt,", "Hi Priya,", "Dear customer service,", "Hello again,", "Evening all,", "Good day,",
    "Hello from Dundee,", "Dear friends,", "Howdy,", "Ladies and gentlemen,", "Hiya,", "Dear Sirs,",
    "Attention sales desk:", "Hello dear shop,", "Hey guys,", "Hi Marco here,", "G'day,",
    *("",) * 18,
)
CLOSERS = (
    "Thanks!", "Regards, Sam", "Thank you.", "Cheers, Mia", "Best, Tom", "Kind regards, Lena Roth", "Thx",
    "Best wishes, A. Khan", "Many greetings from Leeds", "Yours faithfully, Olu", "Bye", "Ta!", "Sincerely, J. Novak",
    "Thanks in advance", "Many thanks, Aiko", "Cheers!", "Warmly, Beatriz", "Best regards, Omar Haddad, Purchasing",
    "Yours, Mrs Whitcombe", "Greetings, Paolo", "Take care, Nell", "With thanks, Dr Lindqvist", "All the best, Hugo",
    "Kind regards, Facilities, Ashby School", "Yours sincerely, P. Mbeki", "- Fran", "Ciao, Luca",
    "Ellen (office manager)", "God bless, Edith", "Thank you kindly!", "Respectfully, Tomasz", "Much obliged, R. Singh",
    "Regards, Yuki Tan, head chef", "xx Poppy", "Sent from my phone", "Best, Sal, caretaker, 3rd floor", "Goodbye",
    "Thanks a lot, Ravi",
    *("",) * 23,
)
FILLERS = (
    "I hope you are well.", "I have been a customer for [3|5|8|12] years.", "My phone number is 555 01[10|27|64|93].",
    "I live at [7|14|22|31] Mill Lane.", "I [called|wrote|emailed] [twice|three times] already.",
    "You were recommended by a colleague.", "I ordered on [3 March|the 9th|Tuesday|12 June].",
    "We are a family of [three|four|5|6].", "It rains all day here.", "I paid [20|45|80|120] euros.",
    "Your shop is great.", "I turned [30|40|60] this year.", "Sorry for my English.",
    "My postcode is [4051|8003|1090].", "I am writing from [Leeds|Oslo|Basel|Lyon].",
    "My account name is [sunny7|blue42|marie88].", "We spoke on [Monday|Friday|2 May].",
    "The parcel weighed [2|3|7] kilos.", "Nice website!", "This is my second message.",
    "I use [it|them] every day, usually.", "The assistant in room [4|9|12] was friendly.", "My cat is called Momo.",
    "My [son|daughter|twin] is [4|9|11] years old.", "The shop opened in [1998|2004|2011].",
    "I sat on the phone from [9|10|11] to [12|1].", "My last parcel came on [5 April|the 22nd|Friday].",
    "Your advert of [1 June|14 May|2 October] was funny.", "I moved here on [4 July|the 2nd of May|1 December].",
    "I was born on [3 August 1951|12 March 1988].", "We live on floor [2|3|5].",
    "My customer number is [77|412|90|8125].", "I have [2|three|four] dogs and a parrot.",
    "I spoke to [Ben|Carla|a Mr Hill] at [8:30|14:15|4 pm].", "The weather is lovely in [Cork|Bath|Bern].",
    "I saw your van on the [A40|M6] yesterday.", "My account was opened on [7 January|30 June].",
    "Parking costs [3|4] pounds here.", "I paid by card ending in [1881|4420|7003].",
    "Last year I spent [200|350|900] pounds with you.", "My neighbour at number [8|12|19] shops with you too.",
    "Our office has [14|30|45] people.", "I read your newsletter of [9 March|11 November].",
    "You open at [8|9|10] on weekdays.", "I am [68|74|81] and not good with computers.", "My English is not the best.",
    "I typed this on my phone.", "My wife says hello.", "Your colleague [Ines|Piotr|Dawn] was very kind.",
    "It's my first time writing to you.", "My first order with you was in [2015|2019|2022].", "I enclose a photo.",
    "We met at the fair on [6 September|the 18th].", "The train took [2|3] hours today.",
    "The [first|second] page of your catalogue is torn.", "I have filled in form [7|12].",
    "The box measures [30|40|60] cm.", "Your site shows [4.5|4.8] stars.", "My lunch break was at [12|12:30].",
)
