/**
 * The qualified name itself out of what a demangler says of a function: without the type of its result, which
 * stands in front where the function is a template, and without its parameters.
 *
 *   app::Page& std::vector<app::Page>::emplace_back<int>(int&&)   std::vector<app::Page>::emplace_back<int>
 *   std::vector<int> app::make<int>(int)                          app::make<int>
 *
 * What is declared inside of a function has the name of that function. Names that are not C++'s stay as they are.
 */
export const ownName = (demangled: string): string => {
  const name = demangled.replace(OPERATORS_WITH_BRACKETS, 'operator');
  let start = 0;
  let depth = 0;
  for (let at = 0; at < name.length; at += 1) {
    const character = name[at];
    if (depth === 0 && character === '(' && at > start) return name.slice(start, at);
    if (OPENING.includes(character)) depth += 1;
    else if (CLOSING.includes(character)) depth = Math.max(0, depth - 1);
    else if (depth === 0 && character === ' ' && !name.endsWith('operator', at)) start = at + 1;
  }
  return name.slice(start);
};

const OPENING = '<([{';
const CLOSING = '>)]}';
const OPERATORS_WITH_BRACKETS = /\boperator(?:->\*?|\(\)|\[\]|<=>|<<=?|>>=?|[<>]=?)/g;
