/** What books, authors and readers are made of. */

const list = (words: string): readonly string[] => words.trim().split(/\s*,\s*/);

export const GENRES: readonly (readonly [slug: string, name: string])[] = [
  ["novels", "Novels"],
  ["crime", "Crime"],
  ["science-fiction", "Science fiction"],
  ["fantasy", "Fantasy"],
  ["poetry", "Poetry"],
  ["history", "History"],
  ["travel", "Travel"],
  ["nature", "Nature"],
  ["cooking", "Cooking"],
  ["science", "Science"],
  ["art", "Art"],
  ["children", "For children"],
];

export const FIRST_NAMES = list(`
  Ada, Agnes, Alba, Alma, Amara, Amos, Anders, Anouk, Arthur, Asta, Beatrix, Bela, Bruno, Camille, Carmen, Cato, Celia, Clara, Cosima, Daria, David, Dora,
  Edith, Eleni, Elif, Emil, Esther, Farid, Felix, Fiona, Flora, Gideon, Greta, Hana, Hector, Hilda, Ibrahim, Ida, Ines, Ingrid, Iris, Ivo, Jonas, Judith,
  Kenji, Klara, Lars, Leila, Leo, Lida, Linus, Lotte, Luis, Magda, Maren, Marius, Matilda, Mei, Mila, Mira, Moses, Nadia, Nils, Noor, Olga, Orla, Oskar,
  Otto, Paola, Petra, Priya, Quentin, Rafael, Rhea, Rosa, Ruth, Samir, Selma, Silas, Sofia, Stella, Tamar, Theo, Thora, Tomas, Ulla, Ursula, Vera, Viggo,
  Wanda, Xenia, Yara, Yusuf, Zelda, Zora`);

export const LAST_NAMES = list(`
  Abel, Adler, Ahlgren, Almeida, Amado, Antonov, Arden, Ashby, Bakker, Barros, Becker, Bellamy, Berg, Blom, Borges, Brandt, Byrne, Calder, Castell, Chandra,
  Clarke, Corvin, Dahl, Delacroix, Dietrich, Duarte, Eklund, Engel, Falk, Farrow, Ferrante, Fontaine, Fraser, Frost, Galloway, Grimaldi, Haas, Hale, Hansen,
  Hartley, Haugen, Holm, Horvat, Ibsen, Ishikawa, Jansen, Jensen, Kaplan, Keller, Kovacs, Lang, Larkin, Leclerc, Lindqvist, Lorca, Lund, Macleod, Marin,
  Mendes, Moreau, Morrow, Nakamura, Novak, Nyberg, Okafor, Olsen, Orlov, Pavlov, Petrov, Quist, Reyes, Ricci, Rosen, Roth, Sand, Schreiber, Silva, Sorensen,
  Stone, Strand, Suzuki, Tanaka, Thorne, Vance, Varga, Vogel, Wallin, Weiss, Winter, Wolf, Yilmaz, Zeller, Zimmer`);

export const ADJECTIVES = list(`
  Amber, Ancient, Blue, Borrowed, Bright, Broken, Brass, Burning, Cold, Copper, Crooked, Distant, Drowned, Early, Empty, Endless, Errant, Faded, False,
  Far, First, Forgotten, Frozen, Gilded, Glass, Green, Hidden, Hollow, Invisible, Iron, Ivory, Last, Lesser, Little, Living, Lonely, Long, Lost, Midnight,
  Minor, Narrow, Northern, Old, Open, Other, Painted, Pale, Paper, Patient, Perfect, Quiet, Red, Restless, Salt, Second, Secret, Seventh, Silent, Silver,
  Slow, Small, Southern, Stolen, Strange, Sunken, Tall, Tender, Third, Uncertain, Unfinished, Unwritten, Velvet, Wandering, White, Wild, Winter, Wooden`);

export const NOUNS = list(`
  Alphabet, Anchor, Apprentice, Archive, Atlas, Balcony, Barometer, Bell, Bird, Bridge, Calendar, Candle, Cartographer, Castle, Choir, Circus, Clock, Coast,
  Comet, Compass, Concert, Corridor, Country, Daughter, Diary, Dictionary, Door, Dream, Echo, Election, Engine, Errand, Estate, Evening, Expedition, Ferry,
  Field, Fire, Forest, Fountain, Gallery, Garden, Geometry, Ghost, Harbour, Harvest, Heir, Herbarium, Hour, House, Inheritance, Island, Journey, Key, Kitchen,
  Labyrinth, Lamp, Language, Library, Lighthouse, Map, Market, Memory, Meridian, Mirror, Moon, Mountain, Museum, Night, Notebook, Ocean, Orchard, Orchestra,
  Painter, Palace, Piano, Pilgrim, Planet, Promise, Quarry, Railway, Raven, Recipe, River, Road, Room, Rumour, Sea, Season, Shadow, Ship, Silence, Sister,
  Song, Staircase, Station, Storm, Story, Stranger, Summer, Tailor, Telescope, Theatre, Tide, Tower, Train, Translator, Valley, Village, Violin, Voyage,
  Wall, Watchmaker, Weather, Well, Whale, Wind, Window, Witness, Year`);

export const PLACES = list(`
  Alexandria, Antwerp, Bergen, Cadiz, Carthage, Dubrovnik, Ghent, Granada, Isfahan, Kyoto, Lisbon, Ljubljana, Macau, Odessa, Palermo, Porto, Prague, Riga,
  Salzburg, Samarkand, Sicily, Svalbard, Tangier, Tbilisi, Trieste, Valparaiso, Venice, Vilnius, Zanzibar, the Baltic, the Delta, the Dolomites, the Fens,
  the Hebrides, the Marshes, the North, the Steppe, the Straits`);

export const LANGUAGES: readonly (readonly [code: string, name: string])[] = [
  ["en", "English"],
  ["de", "German"],
  ["fr", "French"],
  ["es", "Spanish"],
  ["it", "Italian"],
];

export const OPENINGS = list(`
  When the last ferry leaves without her, When a letter arrives forty years late, In a town that appears on no map, On the eve of the longest winter,
  After the auction of a house nobody owned, Between two wars and two languages, With nothing but a borrowed coat, In the only lighthouse that looks inland,
  While the city is being renamed street by street, As the river changes its course`);

export const MIDDLES = list(`
  a translator has to choose which of two stories she will let survive, a watchmaker discovers that he has been mending the same hour, three sisters divide
  a library and find the fourth's handwriting in every book, a cartographer is paid to draw a country out of memory, a retired judge reopens the one case
  that he was right about, an apprentice learns what the recipe leaves out, two strangers exchange their keys and then their weather, a choir without a
  conductor decides to go on, a child counts everything that is missing, an engineer listens to a bridge`).map((each) =>
  each.replace(/\s+/g, " "),
);

export const CLOSINGS = list(`
  A book about patience and what it costs., A quiet and very funny book., Told in a prose as clear as water., With drawings by the author., The author's
  first book in ten years., A classic that was out of print for too long., For everyone who has ever missed a train., Small chapters that stay for years.`).map(
  (each) => each.replace(/\s+/g, " "),
);

export const OPINIONS: readonly (readonly [rating: number, text: string])[] = [
  [5, "I read it in one night and began again in the morning."],
  [5, "Gave it to three people, and now they give it to others."],
  [5, "The last chapter alone is worth the shelf it stands on."],
  [4, "Slow at the start, and then I missed my stop."],
  [4, "Beautifully made, and the translation sings."],
  [4, "Not her best, which still leaves it better than most."],
  [3, "Good sentences in search of a story."],
  [3, "I liked the map. I wish there had been more of it."],
  [2, "Everybody else seems to have read another book."],
  [1, "The cover is lovely."],
];

export const ANSWERS: readonly string[] = [
  "I felt just the same.",
  "Which edition did you read?",
  "Give the second half a chance, it is worth it.",
  "Thank you, that decided it for me.",
  "The footnotes are the best part, if you ask me.",
  "We must have read different books.",
  "It is even better read aloud.",
];
