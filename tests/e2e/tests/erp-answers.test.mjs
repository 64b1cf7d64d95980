// An ERP that answers, but not with its figures: what the wall shows.
import { describeFaults } from '../support/faults.mjs';

describeFaults('an ERP that answers otherwise', [
  { name: '500', set: { fault: 'status' }, says: /falla por dentro \(HTTP 500\)/ },
  { name: '401 on data', set: { fault: 'unauthorized' }, says: /ya no acepta la sesión/ },
  { name: '403 on data', set: { fault: 'forbidden' }, says: /no puede leer estos datos/ },
  { name: 'wrong prefix', set: { fault: 'wrong_prefix' }, says: /compruebe la ruta de erp\.url/ },
  { name: 'page of a firewall', set: { fault: 'html' }, says: /Un cortafuegos que protege al ERP rechaza/ },
  { name: 'page of a portal', set: { fault: { name: 'html', status: 200 } }, says: /Llega una página web en lugar de datos/ },
  { name: 'page of nginx', set: { fault: { name: 'html', status: 503 } }, says: /HTTP 503/ },
  { name: 'too many requests', set: { fault: 'overloaded' }, says: /HTTP 429/ },
  { name: 'garbage', set: { fault: 'garbage' }, says: /no son datos del ERP/ },
  { name: 'other shape', set: { fault: 'other_shape' }, says: /en una forma que este equipo no conoce/ },
  { name: 'redirect', set: { fault: 'redirect' }, says: /remite a otra dirección \(HTTP 302\)/ },
]);
