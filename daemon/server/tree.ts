/** The tree of stacks as a table: sites that the filter lets through, nodes that the client has opened. */
import type { SortKey, Table, TreeChoice, ViewQuery } from '../../proto/messages.js';
import type { Index } from '../../proto/snapshot.js';
import { metricOf, sizeOf } from '../../views/order.js';
import { countersOf } from '../../views/sites.js';
import { createStackTree, type NodeCounters, type TreeInput, type TreeQuery } from '../../views/tree.js';
import type { LiveProfile } from './groups.js';
import { type Mark, siteBefore } from './marks.js';
import type { Matcher } from './matching.js';

export type TreeTable = (
  query: ViewQuery,
  profiles: readonly LiveProfile[],
  matcher: Matcher | null,
  mark: Mark | null,
) => Table;

const ALL_CLOSED: TreeChoice = { direction: 'down', open: [], openBelow: [], closed: [] };

export const createTreeTable = (): TreeTable => {
  const tree = createStackTree();
  return (query, profiles, matcher, mark) => {
    const { direction, ...choice } = query.tree ?? ALL_CLOSED;
    const inputs = profiles.map((each) => inputOf(each, matcher, mark));
    const { lines, omitted, sum } = tree(inputs, {
      direction,
      kind: query.kind,
      figureOf: figureOf(query.sort, query.order),
      isOpen: openNodes(choice),
      limit: query.limit,
    });
    return {
      view: 'tree',
      rows: lines.map(({ node, depth, counters, selfBytes, selfBlocks, state, place, user }) => ({
        key: node,
        depth,
        state,
        function: place.function,
        file: place.file,
        line: place.line,
        module: place.module,
        offset: place.function === null && place.file === null ? place.offset : null,
        user,
        selfBytes,
        selfBlocks,
        ...toldOf(counters, mark),
      })),
      omitted,
      sum: toldOf(sum, mark),
    };
  };
};

const toldOf = ({ moved: _, grownBytes, grownBlocks, ...counters }: NodeCounters, mark: Mark | null) =>
  mark ? { ...counters, grownBytes, grownBlocks } : counters;

const inputOf = ({ index, profile }: LiveProfile, matcher: Matcher | null, mark: Mark | null): TreeInput => {
  const then = mark?.profiles.find((each) => each.index === index)?.profile;
  const before = then ? siteBefore(then, profile) : undefined;
  const matches = matcher?.stackMatcher(index, profile);
  const { sites } = profile;
  const accepts = (site: Index): boolean => {
    if (!matcher || !matches?.(sites.stack[site])) return false;
    const counters = countersOf(sites, site);
    const grownBytes = mark ? counters.liveBytes - (before?.(site)?.liveBytes ?? 0) : 0;
    return matcher.filter.matchesFigures(mark ? { ...counters, grownBytes } : counters);
  };
  return { index, profile, ...(matcher ? { accepts } : {}), ...(before ? { before } : {}) };
};

const figureOf = (sort: SortKey, order: ViewQuery['order']): TreeQuery['figureOf'] => {
  const sign = order === 'ascending' ? -1 : 1;
  if (sort === 'growth') return ({ grownBytes, moved }) => (moved === 0 ? null : sign * grownBytes);
  const metric = sort === 'rate' ? 'live' : sort;
  return (counters) => {
    const value = metricOf(counters, metric);
    return value <= 0 && sizeOf(counters, metric).blocks <= 0 ? null : sign * value;
  };
};

const openNodes = ({ open, openBelow, closed }: Omit<TreeChoice, 'direction'>): TreeQuery['isOpen'] => {
  const isOpen: ReadonlySet<Index> = new Set(open);
  const isOpenBelow: ReadonlySet<Index> = new Set(openBelow);
  const isClosed: ReadonlySet<Index> = new Set(closed);
  return (node, above, isOnly) =>
    isOpen.has(node) ||
    (!isClosed.has(node) && (isOnly || isOpenBelow.has(node) || above.some((each) => isOpenBelow.has(each))));
};
