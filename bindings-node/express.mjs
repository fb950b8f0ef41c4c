import library from './express.cjs';

export const { unbroken } = library;
