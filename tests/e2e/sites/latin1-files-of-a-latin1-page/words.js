var word = 'Máquina';
