export const word = 'OK';
