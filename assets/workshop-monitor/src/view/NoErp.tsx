import type { Messages } from '../i18n';

/** Nothing is wrong, and nothing will come: said, with what to do, instead of an empty wall. */
export function NoErp({ words }: { words: Messages }) {
  return (
    <div class="main">
      <div class="card no-erp">
        <h2 class="no-erp-title">{words.noErp}</h2>
        <p>{words.noErpMeaning}</p>
        <p>{words.noErpRemedy(window.location.host + '/_edge/')}</p>
        <p>{words.noErpDemo}</p>
      </div>
    </div>
  );
}
