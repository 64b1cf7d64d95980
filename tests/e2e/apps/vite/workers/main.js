// A worker from a file, one from a blob, and the one of pdf.js.
import { wrap } from 'comlink';
import { getDocument, GlobalWorkerOptions } from 'pdfjs-dist';
import pdfWorker from 'pdfjs-dist/build/pdf.worker.mjs?url';
import InlineWorker from './sum.worker.js?worker&inline';

const PDF = `%PDF-1.4
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 100]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>endobj
4 0 obj<</Length 39>>stream
BT /F1 18 Tf 20 40 Td (Drawing 7) Tj ET
endstream endobj
5 0 obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>endobj
trailer<</Root 1 0 R>>`;

const app = document.getElementById('app');
try {
  GlobalWorkerOptions.workerSrc = pdfWorker;
  const file = new Worker(new URL('./sum.worker.js', import.meta.url), { type: 'module' });
  const sums = await Promise.all([file, new InlineWorker()].map((worker) => wrap(worker).sum([1, 2, 3])));
  const pdf = await getDocument({ data: new TextEncoder().encode(PDF), verbosity: 0 }).promise;
  const { items } = await (await pdf.getPage(1)).getTextContent();
  app.innerHTML = `<h1>Workers</h1><p class="done">${sums} ${items.map((item) => item.str).join(' ')}</p>`;
} catch (error) {
  app.innerHTML = `<p class="done">${error}</p>`;
}
