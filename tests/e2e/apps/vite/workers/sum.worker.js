import { expose } from 'comlink';

expose({ sum: (numbers) => numbers.reduce((all, number) => all + number, 0) });
