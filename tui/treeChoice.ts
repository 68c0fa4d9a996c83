/** Which nodes of the tree of stacks are open. Pure. */
import type { TreeChoice } from '../proto/messages.js';
import { ALL_CLOSED } from './state.js';

/** The oldest are forgotten: what is asked of the daemon stays small. */
const MOST = 500;

export const opened = (choice: TreeChoice, node: number): TreeChoice => ({
  ...choice,
  open: [...without(choice.open, node), node].slice(-MOST),
  closed: without(choice.closed, node),
});

export const closed = (choice: TreeChoice, node: number): TreeChoice => ({
  ...choice,
  open: without(choice.open, node),
  openBelow: without(choice.openBelow, node),
  closed: [...without(choice.closed, node), node].slice(-MOST),
});

/** What had been closed below it opens too. */
export const openedBelow = (choice: TreeChoice, node: number): TreeChoice => ({
  ...choice,
  openBelow: [...without(choice.openBelow, node), node].slice(-MOST),
  closed: [],
});

/** Nodes of one direction are not those of the other. */
export const turned = ({ direction }: TreeChoice): TreeChoice => ({
  ...ALL_CLOSED,
  direction: direction === 'down' ? 'up' : 'down',
});

const without = (nodes: readonly number[], node: number): readonly number[] =>
  nodes.filter((each) => each !== node);
