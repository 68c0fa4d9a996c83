/** A foreign value in a few words, for whoever is told that it is wrong: no more of it, however long or deep it is. */
export const describe = (value: unknown): string => {
  if (value === undefined) return 'missing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' && value !== null) return 'an object';
  const text = JSON.stringify(typeof value === 'string' ? value.slice(0, LONGEST) : value);
  return text.length > LONGEST ? `${text.slice(0, LONGEST - 3)}...` : text;
};

const LONGEST = 40;
