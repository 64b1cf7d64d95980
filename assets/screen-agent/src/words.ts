const two = (value: number) => (value < 10 ? '0' : '') + value;

/** What a wall shows while the box is away. */
export function awayText(since: Date, now: Date, language: unknown): string {
  const day = since.toDateString() === now.toDateString() ? '' : since.getDate() + '/' + (since.getMonth() + 1) + ', ';
  const time = day + two(since.getHours()) + ':' + two(since.getMinutes());
  return language === 'en' ? 'No connection to the box since ' + time : 'Sin conexión con el equipo desde ' + (day ? 'el ' : 'las ') + time;
}
