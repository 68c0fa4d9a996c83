/** Which columns each view has. Pure. */
import type { Place } from '../state.js';
import type { Columns, ColumnsLook } from './column.js';
import { detailFigures, detailNames } from './detailColumns.js';
import { OUTPUT_NAMES } from './outputColumns.js';
import { PROCESS_NAMES, processFigures } from './processColumns.js';
import { SIZE_FIGURES, sizeNames } from './sizeColumns.js';
import { sumFigures, sumNames } from './sumColumns.js';
import { THREAD_FIGURES, THREAD_NAMES } from './threadColumns.js';
import { treeFigures, treeNames } from './treeColumns.js';

const DETAIL_NAMES_SHARE = 0.62;
const TREE_NAMES_SHARE = 0.45;

export const columnsOf = (place: Place, look: ColumnsLook): Columns => {
  switch (place) {
    case 'processes':
      return { figures: processFigures(look), names: PROCESS_NAMES };
    case 'output':
      return { figures: [], names: OUTPUT_NAMES };
    case 'threads':
      return { figures: THREAD_FIGURES, names: THREAD_NAMES };
    case 'sizes':
      return { figures: SIZE_FIGURES, names: sizeNames(look) };
    case 'stacks':
      return { figures: treeFigures(look), names: treeNames(look), namesShare: TREE_NAMES_SHARE };
    case 'detail':
      return { figures: detailFigures(look), names: detailNames(look), namesShare: DETAIL_NAMES_SHARE };
    default:
      return { figures: sumFigures(look), names: sumNames(place, look.path) };
  }
};
